/** Secrets that the caller lends to RUN steps. Checked before the build starts, read when a step wants them. */
import { scrypt, type ScryptOptions } from "node:crypto";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { type Digest, framedDigest } from "../digest.ts";
import type { EngineContext } from "../engine/index.ts";
import { type DecantError, usageError } from "../errors.ts";
import { checkNamedFile, type FileProblem, readNamedFile } from "../sys/index.ts";
import type { SecretSpec } from "./types.ts";

/** What relative paths and variables are looked up in. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** As BuildKit has it. A shell's `<(command)` is a pipe. */
const LIMITS = { maxBytes: 500 * 1024, pipes: true };
const SCRYPT: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };

/** The values of secrets by id; the last of equal ids counts. Throws `USAGE` for files that are not there or too large. */
export function openSecrets(specs: readonly SecretSpec[], { cwd, env }: Surroundings): EngineContext["secret"] {
  const byId = new Map(specs.map((spec) => [spec.id, sourceOf(spec, { cwd, env })]));
  for (const [id, source] of byId) {
    const problem = source.kind === "file" ? checkNamedFile(source, LIMITS) : undefined;
    if (source.kind === "file" && problem !== undefined) throw cannotUse(id, source, problem);
  }
  /** A pipe gives what it has once: it stays. */
  const reads = new Map<string, ReturnType<typeof readNamedFile>>();
  return async (id, signal) => {
    const source = byId.get(id);
    switch (source?.kind) {
      case undefined:
        return undefined;
      case "value":
        return source.value === undefined ? undefined : Buffer.from(source.value);
      case "file": {
        const reading = reads.get(id) ?? readNamedFile(source, { ...LIMITS, signal });
        reads.set(id, reading);
        const read = await reading;
        if ("problem" in read || !read.isPipe) reads.delete(id);
        if ("problem" in read) throw cannotUse(id, source, read);
        return read.bytes;
      }
      default:
        return source satisfies never;
    }
  };
}

/** Digests of the values that are to be in keys, by id; each is made once a build. */
export function openSecretKeys(
  specs: readonly SecretSpec[],
  secret: EngineContext["secret"],
): NonNullable<EngineContext["secretKey"]> | undefined {
  const wanted = new Set(specs.filter(({ cacheKey }) => cacheKey === true).map(({ id }) => id));
  if (wanted.size === 0) return undefined;
  const known = new Map<string, Promise<Digest>>();
  return async (id, signal) => {
    if (!wanted.has(id)) return undefined;
    const made = known.get(id) ?? secret(id, signal).then((value) => keyOfSecret(id, value));
    known.set(id, made);
    return await made;
  };
}

/**
 * The same on all machines, because keys travel. Keys may be published, and people choose weak passwords: so a guess has to cost much (64 MiB and a
 * tenth of a second), and be made for each id anew.
 */
async function keyOfSecret(id: string, value: Uint8Array | undefined): Promise<Digest> {
  if (value === undefined) return framedDigest(["secret-1", id, "none"]);
  const derived = await promisify<Uint8Array, string, number, ScryptOptions, Buffer>(scrypt)(value, `decant secret ${id}`, 32, SCRYPT);
  return framedDigest(["secret-1", id, "value", derived.toString("hex")]);
}

type SecretSource =
  | { readonly kind: "file"; readonly path: string; readonly isNamed: boolean }
  | { readonly kind: "value"; readonly value: string | Uint8Array | undefined };

function sourceOf({ id, src, env: variable, value }: SecretSpec, { cwd, env }: Surroundings): SecretSource {
  if (id === "") throw usageError("Cannot use a secret: it has no id");
  if (value !== undefined) return { kind: "value", value };
  if (src !== undefined) return { kind: "file", path: resolve(cwd, src), isNamed: true };
  const name = variable ?? id;
  // Without a source the variable of this name counts, else the file.
  return variable === undefined && env[name] === undefined
    ? { kind: "file", path: resolve(cwd, id), isNamed: false }
    : { kind: "value", value: env[name] };
}

function cannotUse(
  id: string,
  { path, isNamed }: Extract<SecretSource, { readonly kind: "file" }>,
  { problem, isMissing }: FileProblem,
): DecantError {
  return usageError(
    `Cannot use secret "${id}": "${path}" cannot be read: ${problem}`,
    ...(isMissing && !isNamed ? ["Give src= or env= of the secret"] : []),
  );
}
