/** What a fresh store makes of a case: the digest, and the bytes of its exports. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { build, type BuildOptions } from "../../src/index.ts";
import { type Action, exportArgs, type ExportKind, exportPath } from "./actions.ts";
import type { Case } from "./cases.ts";
import { runAction } from "./processes.ts";

/** Asks fresh stores, each question once. */
export interface Expected {
  digest(built: Case): Promise<string>;
  /** The fingerprint of an export. */
  exported(built: Case, kind: ExportKind): Promise<string>;
  /** Fingerprints of the files of the image: path → fingerprint. */
  files(built: Case): Promise<ReadonlyMap<string, string>>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** `folder`: for a store of each case. */
export function createExpected(folder: string, env: Env): Expected {
  const known = new Map<string, Promise<string>>();
  const once = (key: string, ask: () => Promise<string>): Promise<string> => {
    const asked = known.get(key) ?? ask();
    known.set(key, asked);
    return asked;
  };
  const freshEnv = ({ name }: Case): Env => ({ ...env, DECANT_ROOT: join(folder, name, "store") });
  const exported = (built: Case, kind: ExportKind): Promise<string> =>
    once(`${built.name} ${kind}`, async () => {
      const out = join(folder, built.name);
      mkdirSync(out, { recursive: true });
      await succeed({ kind, args: exportArgs(built, kind, exportPath(out, kind)) }, freshEnv(built));
      return fingerprint(exportPath(out, kind)) ?? "nothing";
    });
  return {
    digest: (built) => once(built.name, () => digestOf(built, join(folder, built.name, "store"))),
    exported,
    async files(built) {
      await exported(built, "local");
      return filesBelow(exportPath(join(folder, built.name), "local"));
    },
  };
}

/** Builds a case in this process and tells the digest of its manifest or index. Throws where it fails. */
export async function digestOf({ name, options }: Case, root: string): Promise<string> {
  return await builtHere({ ...options, root, outputs: [{ type: "image", push: false, names: [`${name}:1`], rewriteTimestamp: true }] });
}

/** Builds in this process: starting one of its own would cost more than the work. */
export async function builtHere(options: BuildOptions): Promise<string> {
  await using run = build(options);
  return (await run.result).manifestDigest ?? "none";
}

async function succeed(action: Action, env: Env): Promise<void> {
  const { code, text } = await runAction(action, env);
  if (code !== 0) throw new Error(`decant ${action.args.join(" ")} failed with ${code}: ${text}`);
}

/** Of a file or a folder with all that is in it; undefined where there is none. */
export function fingerprint(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const hash = createHash("sha256");
  const add = (at: string, name: string): void => {
    const info = lstatSync(at);
    hash.update(`${name}\0${info.isDirectory() ? "dir" : info.mode}\0`);
    if (info.isFile()) hash.update(readFileSync(at));
    if (info.isSymbolicLink()) hash.update(readlinkSync(at));
    if (info.isDirectory()) for (const each of readdirSync(at).toSorted()) add(join(at, each), `${name}/${each}`);
  };
  add(path, "");
  return hash.digest("hex");
}

/** Path → fingerprint of all that is no directory. What a killed export left has names that begin with ".decant". */
export function filesBelow(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const kept = paths.filter((path) => !path.startsWith(".decant"));
  return new Map(kept.map((path) => [path, fingerprint(join(folder, path)) ?? ""]));
}
