/** Entries that a place does not take: devpts has no mknod(2), as FUSE and exFAT have none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { treePath } from "../paths.ts";
import { createEntryMaker } from "./make-entry.ts";
import type { Entry, EntryKind } from "./types.ts";

const PLACE = "/dev/pts/decant-made";

function entry(kind: EntryKind): Entry {
  return { path: treePath("a/b"), kind, mode: 0o644, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}

for (const [kind, said] of [
  [
    "whiteout",
    'Cannot write down the removal of "/a/b": it needs a device file 0:0, as overlayfs has it, which is refused at "/dev/pts/decant-made" (EPERM)',
  ],
  ["fifo", 'Cannot make "/a/b": it needs a pipe, which is refused at "/dev/pts/decant-made" (EPERM)'],
  ["char", 'Cannot make "/a/b": it needs a device file, which is refused at "/dev/pts/decant-made" (EPERM)'],
] as const)
  test(`H1: special() says what a file system does not take: ${kind}`, () => {
    assert.throws(() => createEntryMaker().special(PLACE, entry(kind)), { code: "SYSCALL", message: said, hint: /DECANT_ROOT/ });
  });

test("H1: special() leaves devices out where it may, and nothing else", () => {
  const maker = createEntryMaker({ leavesDevices: true });
  maker.special(PLACE, entry("block"));
  assert.throws(() => maker.special(PLACE, entry("whiteout")), { code: "SYSCALL" });
});
