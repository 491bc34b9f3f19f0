/** What is taken out of an image: mostly files that the program asks for, some beside them, in an order by chance. */
import type { WalkedTree } from "../../src/audit/walked-tree.ts";
import { followPath } from "../../src/tree/index.ts";
import { parentOf, type TreePath, treePath } from "../../src/paths.ts";
import type { Random } from "../fuzz/random.ts";
import type { Change, Program } from "./types.ts";

const MAX_CHANGES = 400;
/** Of every so many, one is made unreadable instead. */
const UNREADABLE = 0.2;
const PACKAGE = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** The changes of one program, the first to be tried last. */
export function changesOf({ tree, entries }: WalkedTree, program: Program, opened: readonly string[], random: Random): Change[] {
  const isOwn = (path: string): boolean => Object.hasOwn(program.files, path) || /^(?:app|usr\/(?:lib|share|bin)|opt)\//.test(path);
  const files = new Set<TreePath>();
  const folders = new Set<TreePath>();
  for (const name of opened) {
    const entry = followPath(tree, treePath(name))?.entry;
    if (entry === undefined || !isOwn(entry.path)) continue;
    if (entry.kind === "file") files.add(entry.path);
    const folder = PACKAGE.exec(entry.path)?.[1];
    if (folder !== undefined && random.chance(0.3)) folders.add(treePath(folder));
    if (entry.kind === "file" && random.chance(0.03)) folders.add(parentOf(entry.path));
  }
  const changes: Change[] = [];
  for (const path of files) changes.push({ how: random.chance(UNREADABLE) ? "unreadable" : "removed", path });
  for (const path of folders)
    if (path !== "app" && path.includes("/")) changes.push({ how: random.chance(UNREADABLE) ? "unreadable" : "removed", path });
  for (let count = Math.ceil(files.size / 10); count > 0; count -= 1) {
    const beside = entries[random.below(entries.length)];
    if (beside?.kind === "file" && isOwn(beside.path)) changes.push({ how: "removed", path: beside.path });
  }
  const shuffled = changes.map((change) => [random.below(2 ** 30), change] as const).toSorted(([one], [other]) => one - other);
  return shuffled.slice(0, MAX_CHANGES).map(([, change]) => change);
}
