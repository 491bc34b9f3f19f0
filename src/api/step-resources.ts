/** Secrets that the caller lends to RUN steps. Checked before the build starts, read when a step wants them. */
import { type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { EngineContext } from "../engine/index.ts";
import { errnoOf, usageError } from "../errors.ts";
import type { SecretSpec } from "./types.ts";

/** What relative paths and variables are looked up in. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** As BuildKit has it. */
const MAX_SECRET_BYTES = 500 * 1024;

/** The values of secrets by id; the last of equal ids counts. Throws `USAGE` for files that are not there or too large. */
export function openSecrets(specs: readonly SecretSpec[], { cwd, env }: Surroundings): EngineContext["secret"] {
  const byId = new Map(specs.map((spec) => [spec.id, sourceOf(spec, { cwd, env })]));
  for (const [id, source] of byId) if (source.kind === "file") checkFile(id, source.path);
  return async (id, signal) => {
    const source = byId.get(id);
    switch (source?.kind) {
      case undefined:
        return undefined;
      case "value":
        return source.value === undefined ? undefined : Buffer.from(source.value);
      case "file":
        checkFile(id, source.path);
        return await readFile(source.path, { signal });
      default:
        return source satisfies never;
    }
  };
}

type SecretSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "value"; readonly value: string | Uint8Array | undefined };

function sourceOf({ id, src, env: variable, value }: SecretSpec, { cwd, env }: Surroundings): SecretSource {
  if (id === "") throw usageError("Cannot use a secret: it has no id");
  if (value !== undefined) return { kind: "value", value };
  if (src !== undefined) return { kind: "file", path: resolve(cwd, src) };
  const name = variable ?? id;
  // Without a source the variable of this name counts, else the file.
  return variable === undefined && env[name] === undefined ? { kind: "file", path: resolve(cwd, id) } : { kind: "value", value: env[name] };
}

function checkFile(id: string, path: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw usageError(
      `Cannot use secret "${id}": "${path}" cannot be read (${errnoOf(error) ?? String(error)})`,
      "Give src= or env= of the secret",
    );
  }
  if (stats.isDirectory()) throw usageError(`Cannot use secret "${id}": "${path}" is a directory; wanted a file`);
  if (stats.size > MAX_SECRET_BYTES)
    throw usageError(`Cannot use secret "${id}": "${path}" has ${stats.size} bytes; at most 500 KiB are allowed`);
}
