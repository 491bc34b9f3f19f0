/**
 * Archives for ADD, and layers of bases, from a seed: with and without entries for directories, through symlinks, with hard links to what is
 * there, things said twice, special files, and entries for the root.
 */
import type { TarMember } from "../support/archive.ts";
import type { Random } from "./random.ts";
import { ARCHIVE_LINKS, ARCHIVE_PATHS, CONTENTS, FILE_MODES, FOLDER_MODES, HARD_TARGETS } from "./vocabulary.ts";

export const ARCHIVE_TIME = 1_550_000_000;

const ROOTS: readonly [TarMember, ...TarMember[]] = [
  { path: "./", type: "dir", mode: 0o700, uid: 5, mtime: ARCHIVE_TIME },
  { path: "", content: "junk", mtime: ARCHIVE_TIME },
  { path: ".", type: "symlink", link: "d", mtime: ARCHIVE_TIME },
];

/** Members of an archive for ADD: anything may be in the way of anything. */
export function generateArchive(random: Random): TarMember[] {
  const members: TarMember[] = [];
  for (let left = 1 + random.below(8); left > 0; left -= 1) members.push(member(random, members));
  return members;
}

function member(random: Random, before: readonly TarMember[]): TarMember {
  const path = random.pick(ARCHIVE_PATHS);
  const kind = random.weighted([
    [10, "file"],
    [4, "dir"],
    [3, "symlink"],
    [3, "hardlink"],
    [0.4, "fifo"],
    [0.3, "char"],
    [0.5, "root"],
    [0.3, "again"],
  ] as const);
  const plain = { path, mtime: ARCHIVE_TIME, ...owner(random) };
  switch (kind) {
    case "file":
      return { ...plain, content: random.pick(CONTENTS), mode: random.pick(FILE_MODES) };
    case "dir":
      return { ...plain, path: `${path}/`, type: "dir", mode: random.pick(FOLDER_MODES) };
    case "symlink":
      return { ...plain, type: "symlink", link: random.pick(ARCHIVE_LINKS) };
    case "hardlink": {
      const files = before.filter(({ type = "file" }) => type !== "dir").map((one) => one.path);
      const link = files[0] !== undefined && random.chance(0.6) ? random.pick([files[0], ...files]) : random.pick(HARD_TARGETS);
      return { ...plain, type: "hardlink", link, mode: random.pick(FILE_MODES) };
    }
    case "fifo":
    case "char":
      return { ...plain, type: kind, mode: 0o600 };
    case "root":
      return random.pick(ROOTS);
    case "again":
      return before[0] ?? { ...plain, content: "only\n" };
    default:
      return kind satisfies never;
  }
}

/** Now and then somebody's. */
export function owner(random: Random): Pick<TarMember, "uid" | "gid"> {
  return random.chance(0.3) ? { uid: random.below(9), gid: random.below(9) } : {};
}
