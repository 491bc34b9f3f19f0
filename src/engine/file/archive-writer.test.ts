/** Archives over an image as tables; BuildKit's results of the same are in test/conformance/cases/archives.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsDump, memoryTree, type TreeSpec } from "../../../test/support/memory-tree.ts";
import { isDecantError } from "../../errors.ts";
import { treePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import { createArchiveWriter } from "./archive-writer.ts";
import { createDraft } from "./draft.ts";
import type { Owner } from "./owner.ts";

/** "file MODE UID:GID", "dir MODE UID:GID", "link TARGET", "hard TARGET"; a word "@N" behind is the time. Contents are the number of the member. */
type Member = readonly [path: string, line: string];

const SYSTEM: TreeSpec = {
  usr: "dir 755 0:0 @1",
  "usr/bin": "dir 751 0:0 @2",
  "usr/bin/sh": "file 755 0:0 shell @3",
  bin: "link usr/bin",
  lib: "link /usr/lib",
  "usr/lib": "dir 711 3:4 @4",
  tmp: "dir 1777 0:0 @5",
  plain: "file 644 0:0 text @6",
  "to-plain": "link plain",
  up: "link ../..",
  "opt/in": "dir 2775 0:7 @7",
};

function entryOf(path: string, line: string, number: number): Entry {
  const mtimeSec = Number(/ @(\d+)$/.exec(line)?.[1] ?? 50);
  const [kind = "", first = "", second = "0:0"] = line.replace(/ @\d+$/, "").split(" ");
  const [uid = 0, gid = 0] = second.split(":").map(Number);
  const base = { path: treePath(path), mode: 0o644, uid, gid, size: 0, mtimeSec, mtimeNsec: 0 };
  if (kind === "link") return { ...base, kind: "symlink", link: first };
  const mode = Number.parseInt(kind === "hard" ? (line.split(" ")[2] ?? "") : first, 8);
  if (kind === "hard") {
    const [, , , owner = "0:0"] = line.replace(/ @\d+$/, "").split(" ");
    const [linkUid = 0, linkGid = 0] = owner.split(":").map(Number);
    return { ...base, mode, uid: linkUid, gid: linkGid, kind: "hardlink", link: treePath(first) };
  }
  return { ...base, mode, kind: kind === "dir" ? "dir" : "file", size: kind === "dir" ? 0 : String(number).length };
}

interface Row {
  readonly name: string;
  readonly members: readonly Member[];
  readonly dest?: string;
  readonly chown?: Owner;
  readonly want: TreeSpec | RegExp;
}

async function unpack({ members, dest = "", chown }: Row): Promise<Record<string, string>> {
  const draft = createDraft(memoryTree(SYSTEM), { mtimeSec: 999, mtimeNsec: 0 });
  const writer = createArchiveWriter(draft, treePath(dest), { owner: chown, range: undefined });
  for (const [number, [path, line]] of members.entries()) {
    const entry = entryOf(path, line, number);
    writer.add(entry, entry.kind === "file" ? { kind: "bytes", bytes: Buffer.from(String(number)) } : undefined);
  }
  writer.finish();
  return await itemsDump(draft, { times: true });
}

const rows: readonly Row[] = [
  {
    name: "L1: goes through symlinks, whose directories stay as they are",
    members: [
      ["bin/tool", "file 755"],
      ["lib/foo/x", "file 644"],
    ],
    want: {
      usr: "dir 755 0:0 @1",
      "usr/bin": "dir 751 0:0 @999",
      "usr/bin/tool": "file 755 0:0 0 @50",
      "usr/lib": "dir 711 3:4 @999",
      "usr/lib/foo": "dir 755 0:0 @999",
      "usr/lib/foo/x": "file 644 0:0 1 @50",
    },
  },
  {
    name: "R3: gives --chown to members only",
    members: [
      ["tmp/x", "file 644 5:5"],
      ["new/y", "file 644"],
    ],
    chown: { uid: 20, gid: 30 },
    want: { new: "dir 755 0:0 @999", "new/y": "file 644 20:30 1 @50", tmp: "dir 1777 0:0 @999", "tmp/x": "file 644 20:30 0 @50" },
  },
  {
    name: "R3: gives implied directories the group of a setgid directory",
    members: [["opt/in/a/x", "file 644"]],
    want: { opt: "dir 755 0:0 @0", "opt/in": "dir 2775 0:7 @999", "opt/in/a": "dir 755 0:7 @999", "opt/in/a/x": "file 644 0:0 0 @50" },
  },
  {
    name: "R9: gives directories that the archive names its times, whatever comes into them later",
    members: [
      ["tmp", "dir 1777 0:0 @60"],
      ["tmp/x", "file 644"],
    ],
    want: { tmp: "dir 1777 0:0 @60", "tmp/x": "file 644 0:0 1 @50" },
  },
  {
    name: "L1: replaces a symlink by a directory",
    members: [
      ["lib/one", "file 644"],
      ["lib", "dir 700"],
      ["lib/two", "file 644"],
    ],
    want: {
      lib: "dir 700 0:0 @50",
      "lib/two": "file 644 0:0 2 @50",
      usr: "dir 755 0:0 @1",
      "usr/lib": "dir 711 3:4 @999",
      "usr/lib/one": "file 644 0:0 0 @50",
    },
  },
  {
    name: "L1: takes absolute symlinks for the destination's",
    members: [
      ["l", "link /a/b"],
      ["l/x", "file 644"],
    ],
    dest: "opt/in",
    want: {
      opt: "dir 755 0:0 @0",
      "opt/in": "dir 2775 0:7 @999",
      "opt/in/a": "dir 755 0:7 @999",
      "opt/in/a/b": "dir 755 0:0 @999",
      "opt/in/a/b/x": "file 644 0:0 1 @50",
      "opt/in/l": "link /a/b @50",
    },
  },
  {
    name: "R3: refuses a file in the way",
    members: [["plain/x", "file 644"]],
    want: /^COPY_CONFLICT: Cannot unpack into "\/plain": it is a file/,
  },
  {
    name: "R3: refuses a symlink to a file in the way",
    members: [["to-plain/d/x", "file 644"]],
    want: /^COPY_CONFLICT: Cannot unpack into "\/to-plain": "\/plain" is a file/,
  },
  {
    name: "L8: refuses a symlink that leads out",
    members: [["up/x", "file 644"]],
    want: /^PATH_ESCAPE: Cannot unpack to "\/up": symlinks on the way lead out of "\/"/,
  },
  {
    name: "L8: refuses a hard link behind a symlink that leads out",
    members: [["x", "hard up/plain 644"]],
    want: /^PATH_ESCAPE/,
  },
  {
    name: "L2: links to a file of the image, and sets what the last header says",
    members: [
      ["tmp/x", "hard bin/sh 700 1:2 @70"],
      ["y", "hard usr/bin/sh 711 3:4 @80"],
    ],
    want: {
      tmp: "dir 1777 0:0 @999",
      "tmp/x": "file 711 3:4 shell @80",
      usr: "dir 755 0:0 @1",
      "usr/bin": "dir 751 0:0 @2",
      "usr/bin/sh": "same tmp/x @80",
      y: "same tmp/x @80",
    },
  },
  {
    name: "L2: keeps for a hard link the file that is replaced",
    members: [
      ["f", "file 644"],
      ["g", "hard f 600"],
      ["f", "file 640"],
    ],
    want: { f: "file 640 0:0 2 @50", g: "file 600 0:0 0 @50" },
  },
  {
    name: "L2, R13: links a symlink itself, and sets of it only its owner",
    members: [["x", "hard to-plain 600 5:6 @70"]],
    want: { "to-plain": "link plain @0", x: "same to-plain @0" },
  },
  {
    name: "L2: refuses a hard link to nothing",
    members: [["x", "hard missing 644"]],
    want: /^TAR: Cannot make hard link "\/x": there is no file "\/missing"/,
  },
  { name: "L2: refuses a hard link to a directory", members: [["x", "hard usr 644"]], want: /^TAR/ },
  { name: "L2: refuses a hard link to what it takes the place of", members: [["usr", "hard usr/bin/sh 644"]], want: /^TAR/ },
  {
    name: "R7: replaces a directory of the image, and hides what was in it from a directory that follows",
    members: [
      ["usr", "file 644"],
      ["usr", "dir 711"],
      ["usr/new", "file 644"],
    ],
    want: { usr: "dir 711 0:0 @50", "usr/new": "file 644 0:0 2 @50" },
  },
];

for (const row of rows) {
  test(`createArchiveWriter() ${row.name}`, async () => {
    const outcome = await unpack(row).catch((error: unknown) => {
      if (isDecantError(error)) return `${error.code}: ${error.message}`;
      throw error;
    });
    if (row.want instanceof RegExp) assert.match(typeof outcome === "string" ? outcome : "it was unpacked", row.want);
    else assert.deepEqual(outcome, row.want);
  });
}
