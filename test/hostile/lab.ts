/** The folder and the store of a target, and what lies around them: nothing may be written there. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore, type Store } from "../../src/store/index.ts";
import type { Lab } from "./types.ts";

/** Makes them below `root`, which is made anew. Disposing closes the store. */
export async function openLab(root: string): Promise<Omit<Lab, "random"> & AsyncDisposable> {
  rmSync(root, { recursive: true, force: true });
  const folder = join(root, "work");
  mkdirSync(folder, { recursive: true });
  let opened: Promise<Store> | undefined;
  return {
    folder,
    store: () => (opened ??= openStore({ root: join(root, "store") })),
    async [Symbol.asyncDispose]() {
      await (await opened)?.[Symbol.asyncDispose]();
    },
  };
}

/** A folder with a neighbour that has files, directories and links; `changed()` says whether anybody touched it. */
export interface Canary {
  /** Where hostile input may write. */
  readonly inside: string;
  changed(): boolean;
}

const canaries = new Map<string, Canary>();

/** Makes both below `folder`, anew; the neighbour only where somebody touched it. */
export function openCanary(folder: string): Canary {
  const kept = canaries.get(folder);
  if (kept !== undefined && existsSync(folder) && !kept.changed()) {
    rmSync(kept.inside, { recursive: true, force: true });
    mkdirSync(kept.inside);
    return kept;
  }
  const made = makeCanary(folder);
  canaries.set(folder, made);
  return made;
}

function makeCanary(folder: string): Canary {
  rmSync(folder, { recursive: true, force: true });
  const [inside, outside] = [join(folder, "inside"), join(folder, "outside")];
  mkdirSync(inside, { recursive: true });
  mkdirSync(join(outside, "etc"), { recursive: true });
  for (const name of ["passwd", "etc/passwd", "a", "b"]) writeFileSync(join(outside, name), "canary");
  writeFileSync(join(folder, "passwd"), "canary");
  const listed = (): string => JSON.stringify([readdirSync(folder).toSorted(), treeOf(outside), treeOf(join(folder, "passwd"))]);
  const before = listed();
  return { inside, changed: () => listed() !== before };
}

function treeOf(path: string): unknown {
  const found = lstatSync(path, { bigint: true });
  const facts = [found.mode, found.uid, found.gid, found.nlink, found.mtimeNs].map(String);
  if (found.isDirectory()) return [facts, readdirSync(path).map((name) => [name, treeOf(join(path, name))])];
  if (found.isSymbolicLink()) return [facts, readlinkSync(path)];
  return [facts, readFileSync(path, "latin1")];
}
