/** Archives that contradict themselves, against a real file system that does what they say one after the other. */
import assert from "node:assert/strict";
import {
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { entry, temp } from "./testdata/support.ts";
import type { Entry, LayerIndex } from "./types.ts";

interface Member {
  readonly path: string;
  readonly kind: "file" | "dir" | "symlink" | "hardlink";
  readonly link: string;
}

const anyPath = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const anyMembers = fc.array(
  fc.record<Member>({ path: anyPath, kind: fc.constantFrom("file", "file", "dir", "symlink", "hardlink"), link: anyPath }),
  { minLength: 1, maxLength: 10 },
);

/** Unpacks one by one; the number of a member is its owner and its content. False when the file system refuses. */
function unpackEach(root: string, members: readonly Member[]): boolean {
  try {
    for (const [number, { path, kind, link }] of members.entries()) {
      const folder = dirname(join(root, path));
      mkdirSync(folder, { recursive: true });
      // Resolved once: a member can take the place of the symlink that it is reached through.
      const at = join(realpathSync(folder), basename(path));
      const before = lstatSync(at, { throwIfNoEntry: false });
      // Linked before its own name goes, as the index has it.
      if (kind === "hardlink") linkSync(join(root, link), `${root}/.new`);
      if (before !== undefined && !(before.isDirectory() && kind === "dir")) rmSync(at, { recursive: true });
      if (kind === "dir") mkdirSync(at, { recursive: true });
      else if (kind === "file") writeFileSync(at, String(number), { flag: "wx" });
      // Targets are from the root: every path that they are read at is relative to it.
      else if (kind === "symlink") symlinkSync(`${root}/${link}`, at);
      else {
        linkSync(`${root}/.new`, at);
        rmSync(`${root}/.new`);
      }
      if (kind !== "symlink" && !lstatSync(at).isSymbolicLink()) chownSync(at, number + 1, 0);
    }
    return true;
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error, String(error));
    return false;
  }
}

/** "a/b file 3 =a/c", the owner only of what has an entry of its own. */
function listHost(root: string): string[] {
  const firsts = new Map<number, string>();
  // Its own walk: that of Node.js follows symlinks.
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((one) => {
      const path = join(folder, one.name);
      return one.isDirectory() ? [path, ...below(path)] : [path];
    });
  return below("")
    .toSorted()
    .flatMap((path) => {
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) return stat.uid === 0 ? [] : [`${path} dir ${stat.uid}`];
      if (stat.isSymbolicLink()) return [`${path} symlink ${readlinkSync(join(root, path)).slice(root.length + 1)}`];
      const first = firsts.get(stat.ino);
      if (first === undefined) firsts.set(stat.ino, path);
      return [`${path} file ${stat.uid} ${first === undefined ? readFileSync(join(root, path), "utf8") : `=${first}`}`];
    });
}

function listIndex(index: LayerIndex): string[] {
  const entries = Array.from({ length: index.count }, (_, position) => index.at(position));
  const contents = new Map<string, Entry>(entries.map((one) => [one.path, one]));
  const firsts = new Map<string, string>();
  return entries
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map((one) => {
      if (one.kind === "dir") return `${one.path} dir ${one.uid}`;
      const named = one.kind === "hardlink" ? contents.get(one.link ?? "") : one;
      // A symlink may have several names, too (R13).
      if (named?.kind === "symlink") return `${one.path} symlink ${(named.link ?? "").slice(1)}`;
      const holder = named?.path ?? "";
      const first = firsts.get(holder);
      if (first === undefined) firsts.set(holder, one.path);
      return `${one.path} file ${named?.uid} ${first === undefined ? named?.size : `=${first}`}`;
    });
}

test("L1, L2, R7: an index of an archive says what unpacking its members one by one gives", async () => {
  await using at = await temp();
  let sample = 0;
  let compared = 0;
  fc.assert(
    fc.property(anyMembers, (members) => {
      sample += 1;
      const root = join(at.path, String(sample));
      mkdirSync(root);
      const worked = unpackEach(root, members);
      const want = worked ? listHost(root) : [];
      rmSync(root, { recursive: true });
      if (!worked) return;
      const builder = createIndexBuilder();
      for (const [number, { path, kind, link }] of members.entries()) {
        const fields = kind === "symlink" ? { link: `/${link}` } : kind === "hardlink" ? { link } : { size: kind === "file" ? number : 0 };
        builder.add(entry(path, kind, { ...fields, uid: number + 1, mode: 0o644 }), -1);
      }
      let index: LayerIndex;
      try {
        index = builder.finish().index;
      } catch (error) {
        // A link to what is its own name by then, and long chains: refused.
        assert.ok(isDecantError(error, "TAR"), String(error));
        return;
      }
      compared += 1;
      assert.deepEqual(listIndex(index), want);
    }),
    { numRuns: 600 },
  );
  assert.ok(compared > 100, `only ${compared} archives were compared`);
});
