/** COPY as tables: what is put over a base, rule by rule. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { itemsDump, memoryTree, type TreeSpec } from "../../../test/support/memory-tree.ts";
import { sha256 } from "../../digest.ts";
import { parseChmod } from "../../dockerfile/index.ts";
import { parseDigest } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import { joinTreePath } from "../../paths.ts";
import type { FileAction } from "../../graph/index.ts";
import { createDraft, type Draft } from "./draft.ts";
import { copySelected, prepareDestination } from "./copy.ts";
import type { CopyStyle } from "./directories.ts";
import { createHashedFiles } from "./hashed-files.ts";
import type { Owner } from "./owner.ts";
import { digestSelection, selectSources } from "./selection.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

const PLAIN: CopyAction = {
  kind: "copy",
  input: 0,
  src: "",
  dest: "",
  followSymlinks: true,
  dirCopyContents: true,
  attemptUnpack: false,
  allowWildcard: true,
  allowEmptyWildcard: true,
  excludePatterns: [],
};

/** The time of the step. */
const NOW = { mtimeSec: 999, mtimeNsec: 0 };

interface Row {
  readonly name: string;
  readonly from: TreeSpec;
  readonly base?: TreeSpec;
  readonly copy: Partial<CopyAction>;
  readonly chown?: Owner;
  readonly times?: boolean;
  readonly want: TreeSpec | RegExp;
}

async function copy(row: Row, isLast = false): Promise<Draft> {
  const draft = createDraft(memoryTree(row.base ?? {}), NOW);
  const action = { ...PLAIN, ...row.copy };
  const style: CopyStyle = { owner: row.chown, chmod: action.mode === undefined ? undefined : parseChmod(action.mode), range: undefined };
  const source = { tree: memoryTree(row.from), name: "the build context" };
  const all = selectSources(source, action);
  for (const [index, selected] of all.entries()) {
    await copySelected(draft, source, selected, prepareDestination(draft, action, style), action, {
      ...style,
      isLast: isLast && index === all.length - 1,
    });
  }
  return draft;
}

async function outcome(row: Row, isLast?: boolean): Promise<TreeSpec | string> {
  try {
    return await itemsDump(await copy(row, isLast), row.times === true ? { times: true } : {});
  } catch (error) {
    if (isDecantError(error)) return `${error.code}: ${error.message} ${error.hint ?? ""}`;
    throw error;
  }
}

const rows: readonly Row[] = [
  { name: "S71: a file to a new name", from: { a: "file 644 0:0 x" }, copy: { src: "a", dest: "/b" }, want: { b: "file 644 0:0 x" } },
  {
    name: "S71: a file into a directory by slash",
    from: { a: "file 644 0:0 x" },
    copy: { src: "a", dest: "/d/" },
    want: { d: "dir 755 0:0", "d/a": "file 644 0:0 x" },
  },
  {
    name: "S71: a file into an existing directory",
    from: { a: "file 644 0:0 x" },
    base: { d: "dir 700 5:5" },
    copy: { src: "a", dest: "/d" },
    want: { d: "dir 700 5:5", "d/a": "file 644 0:0 x" },
  },
  {
    name: "S71: a directory gives its contents",
    from: { "d/a": "file 644 0:0 x", "d/e/f": "file 600 1:2 y" },
    copy: { src: "d", dest: "/t" },
    want: { t: "dir 755 0:0", "t/a": "file 644 0:0 x", "t/e": "dir 755 0:0", "t/e/f": "file 600 1:2 y" },
  },
  {
    name: "S72: a new destination is 0755 root with the time of the source",
    from: { d: "dir 700 3:4 @77", "d/a": "file 644 0:0 x @5" },
    copy: { src: "d", dest: "/t" },
    times: true,
    want: { t: "dir 755 0:0 @77", "t/a": "file 644 0:0 x @5" },
  },
  {
    name: "S72: an existing destination keeps owner and mode",
    from: { d: "dir 700 3:4 @77", "d/a": "file 644 0:0 x" },
    base: { t: "dir 711 9:9 @1" },
    copy: { src: "d", dest: "/t" },
    times: true,
    want: { t: "dir 711 9:9 @77", "t/a": "file 644 0:0 x @0" },
  },
  {
    name: "R9: a directory in which a file comes has the time of the step, and those above it keep theirs",
    from: { a: "file 644 0:0 x @5" },
    base: { t: "dir 755 0:0 @1", "t/u": "dir 700 9:9 @2", "t/u/a": "file 644 0:0 old @3" },
    copy: { src: "a", dest: "/t/u/a" },
    times: true,
    want: { t: "dir 755 0:0 @1", "t/u": "dir 700 9:9 @999", "t/u/a": "file 644 0:0 x @5" },
  },
  {
    name: "R9: made directories have the time of the step",
    from: { d: "dir 700 3:4 @77", "d/a": "file 644 0:0 x @5" },
    base: { t: "dir 755 0:0 @1" },
    copy: { src: "d", dest: "/t/n/m" },
    times: true,
    want: { t: "dir 755 0:0 @999", "t/n": "dir 755 0:0 @999", "t/n/m": "dir 755 0:0 @77", "t/n/m/a": "file 644 0:0 x @5" },
  },
  {
    name: "R9: nested directories have the time of the source after all that came into them",
    from: { "d/n": "dir 750 3:4 @77", "d/n/a": "file 644 0:0 x @5", "d/n/o/b": "file 644 0:0 y @6" },
    base: { t: "dir 755 0:0 @1", "t/n": "dir 711 9:9 @2" },
    copy: { src: "d", dest: "/t" },
    times: true,
    want: {
      t: "dir 755 0:0 @0",
      "t/n": "dir 750 3:4 @77",
      "t/n/a": "file 644 0:0 x @5",
      "t/n/o": "dir 755 0:0 @0",
      "t/n/o/b": "file 644 0:0 y @6",
    },
  },
  {
    name: "R9: a copy of a root has the time of the step",
    from: { a: "file 644 0:0 x @5" },
    copy: { src: "/", dest: "/t" },
    times: true,
    want: { t: "dir 755 0:0 @999", "t/a": "file 644 0:0 x @5" },
  },
  {
    name: "S123: a directory that differs in its time only is not written",
    from: { d: "dir 700 3:4 @77" },
    base: { t: "dir 711 9:9 @1" },
    copy: { src: "d", dest: "/t" },
    want: {},
  },
  {
    name: "S73: nested directories take the source's mode and owner",
    from: { "d/n": "dir 750 3:4", "d/n/a": "file 644 0:0 x" },
    base: { "t/n": "dir 711 9:9" },
    copy: { src: "d", dest: "/t" },
    want: { t: "dir 755 0:0", "t/n": "dir 750 3:4", "t/n/a": "file 644 0:0 x" },
  },
  {
    name: "S74: implied parents get octal --chmod and --chown",
    from: { a: "file 644 0:0 x" },
    copy: { src: "a", dest: "/p/q/", mode: "700" },
    chown: { uid: 7, gid: 8 },
    want: { p: "dir 700 7:8", "p/q": "dir 700 7:8", "p/q/a": "file 700 7:8 x" },
  },
  {
    name: "S74: symbolic --chmod leaves implied parents 0755",
    from: { a: "file 644 0:0 x" },
    copy: { src: "a", dest: "/p/", mode: "u+x" },
    want: { p: "dir 755 0:0", "p/a": "file 744 0:0 x" },
  },
  {
    name: "S75: --chmod never touches symlinks",
    from: { "d/l": "link a" },
    copy: { src: "d", dest: "/t", mode: "700" },
    want: { t: "dir 700 0:0", "t/l": "link a" },
  },
  {
    name: "S77: a named symlink is followed, inside the root",
    from: { l: "link /r/f", "r/f": "file 644 0:0 x" },
    copy: { src: "l", dest: "/t/" },
    want: { t: "dir 755 0:0", "t/l": "file 644 0:0 x" },
  },
  {
    name: "S77: a symlink in a copied directory stays one",
    from: { "d/l": "link /etc/passwd" },
    copy: { src: "d", dest: "/t" },
    want: { t: "dir 755 0:0", "t/l": "link /etc/passwd" },
  },
  {
    name: "S78: a destination is resolved through symlinks of the image",
    from: { a: "file 644 0:0 x" },
    base: { l: "link real", real: "dir 755 0:0" },
    copy: { src: "a", dest: "/l/" },
    want: { real: "dir 755 0:0", "real/a": "file 644 0:0 x" },
  },
  {
    name: "S78: a destination symlink cannot leave the root",
    from: { a: "file 644 0:0 x" },
    base: { l: "link ../../../etc" },
    copy: { src: "a", dest: "/l/" },
    want: { etc: "dir 755 0:0", "etc/a": "file 644 0:0 x" },
  },
  {
    name: "S78: a final destination symlink is followed",
    from: { a: "file 644 0:0 x" },
    base: { l: "link t", t: "file 600 1:1 old" },
    copy: { src: "a", dest: "/l" },
    want: { t: "file 644 0:0 x" },
  },
  {
    name: "S78: a nested symlink is replaced by a file",
    from: { "d/f": "file 644 0:0 x" },
    base: { "t/f": "link /etc/passwd" },
    copy: { src: "d", dest: "/t" },
    want: { t: "dir 755 0:0", "t/f": "file 644 0:0 x" },
  },
  {
    name: "S78: a nested directory onto a symlink fails",
    from: { "d/n/f": "file 644 0:0 x" },
    base: { "t/n": "link /etc" },
    copy: { src: "d", dest: "/t" },
    want: /COPY_CONFLICT: .*cannot copy to non-directory/,
  },
  {
    name: "A9: over a merged /usr, the hint needs no RUN step",
    from: { "root/lib/f": "file 644 0:0 x" },
    base: { lib: "link usr/lib", "usr/lib": "dir 755 0:0" },
    copy: { src: "root", dest: "/" },
    want: /"\/lib" leads to "\/usr\/lib" in the image: leave it out here with --exclude=lib, and copy "\/root\/lib\/" to "\/usr\/lib\/" in a step/,
  },
  {
    name: "A9: a merged /usr over one that is not",
    from: { "root/lib": "link usr/lib" },
    base: { lib: "dir 755 0:0" },
    copy: { src: "root", dest: "/" },
    want: /"\/root\/lib" is a link: leave it out here with --exclude=lib, and copy what it leads to to "\/lib\/" in a step of its own/,
  },
  {
    name: "S79: a file over a directory fails",
    from: { "d/n": "file 644 0:0 x" },
    base: { "t/n": "dir 755 0:0" },
    copy: { src: "d", dest: "/t" },
    want: /COPY_CONFLICT: Cannot replace directory "\/t\/n" with a file/,
  },
  {
    name: "S80: * does not cross / and matches dotfiles",
    from: { ".x": "file 644 0:0 1", y: "file 644 0:0 2", "z/w": "file 644 0:0 3" },
    copy: { src: "*", dest: "/t/" },
    want: { t: "dir 755 0:0", "t/.x": "file 644 0:0 1", "t/w": "file 644 0:0 3", "t/y": "file 644 0:0 2" },
  },
  { name: "S81: a wildcard that matches nothing is nothing", from: {}, copy: { src: "x*", dest: "/t/" }, want: {} },
  {
    name: "S81: a literal that is missing fails",
    from: { Reame: "file 644 0:0 x" },
    copy: { src: "Readme", dest: "/t/" },
    want: /COPY_SOURCE_MISSING: Cannot copy "\/Readme": not found in the build context/,
  },
  {
    name: "S83: sources are clamped to the root",
    from: { a: "file 644 0:0 x" },
    copy: { src: "../../a", dest: "/b" },
    want: { b: "file 644 0:0 x" },
  },
  {
    name: "S85: --exclude is relative to the source and knows !",
    from: { "d/a.txt": "file 644 0:0 1", "d/b.txt": "file 644 0:0 2", "d/c": "file 644 0:0 3" },
    copy: { src: "d", dest: "/t", excludePatterns: ["*.txt", "!b.txt"] },
    want: { t: "dir 755 0:0", "t/b.txt": "file 644 0:0 2", "t/c": "file 644 0:0 3" },
  },
  {
    name: "S97: an excluded directory appears when something in it is wanted",
    from: { "d/n": "dir 750 1:2", "d/n/keep": "file 644 0:0 1", "d/n/drop": "file 644 0:0 2" },
    copy: { src: "d", dest: "/t", excludePatterns: ["n", "!n/keep"] },
    want: { t: "dir 755 0:0", "t/n": "dir 750 1:2", "t/n/keep": "file 644 0:0 1" },
  },
  {
    name: "S84: --parents makes the directories on the way as they are in the source, and only those that lead to something",
    from: { "a/b": "dir 750 1:2", "a/b/x.go": "file 644 0:0 1", "a/b/y": "file 644 0:0 2", "c/d": "dir 755 0:0" },
    copy: { src: "/", dest: "/t/", includePatterns: ["**/*.go"] },
    want: { t: "dir 755 0:0", "t/a": "dir 755 0:0", "t/a/b": "dir 750 1:2", "t/a/b/x.go": "file 644 0:0 1" },
  },
  {
    name: "S84: --parents of a directory takes all of it, but not what --exclude names",
    from: { "a/b/x": "file 644 0:0 1", "a/b/n/y": "file 644 0:0 2", "a/c": "file 644 0:0 3" },
    copy: { src: "/", dest: "/", includePatterns: ["a/b"], requiredPaths: ["a/b"], excludePatterns: ["**/y"] },
    want: { a: "dir 755 0:0", "a/b": "dir 755 0:0", "a/b/n": "dir 755 0:0", "a/b/x": "file 644 0:0 1" },
  },
  {
    name: "S84: a literal that is missing fails with --parents",
    from: { "p/a": "file 644 0:0 x" },
    copy: { src: "/p", dest: "/", includePatterns: ["q/b"], requiredPaths: ["q/b"] },
    want: /COPY_SOURCE_MISSING: Cannot copy "\/p\/q\/b": not found in the build context/,
  },
  {
    name: "S84: a wildcard that matches nothing is nothing with --parents",
    from: { a: "file 644 0:0 x" },
    copy: { src: "/", dest: "/t/", includePatterns: ["*.go"] },
    want: { t: "dir 755 0:0" },
  },
  {
    name: "a file where a parent must be fails",
    from: { a: "file 644 0:0 x" },
    base: { p: "file 644 0:0 y" },
    copy: { src: "a", dest: "/p/q" },
    want: /COPY_CONFLICT/,
  },
  {
    name: "the root as source and destination",
    from: { a: "file 644 0:0 x", "b/c": "file 644 0:0 y" },
    copy: { src: ".", dest: "/" },
    want: { a: "file 644 0:0 x", b: "dir 755 0:0", "b/c": "file 644 0:0 y" },
  },
];

describe("copySelected()", () => {
  for (const row of rows) {
    for (const isLast of [false, true]) {
      it(isLast ? `${row.name}, as the last action` : row.name, async () => {
        const got = await outcome(row, isLast);
        if (row.want instanceof RegExp) assert.match(typeof got === "string" ? got : JSON.stringify(got), row.want);
        else assert.deepEqual(got, row.want);
      });
    }
  }
});

describe("copySelected() as the last action", () => {
  const NAMES = new Set<string>(["s/a", "s/d/b", "s/d/c"]);
  const from = {
    ...memoryTree({
      s: "dir 700 1:2 @5",
      "s/a": "file 640 3:4 x @6",
      "s/d": "dir 711 5:6 @7",
      "s/d/b": "file 640 3:4 x @6",
      "s/d/c": "file 640 3:4 x @6",
      "s/d.x": "link a",
      "s/e": "dir 755 0:0 @8",
      "s/z": "file 4755 0:0 zz @9",
    }),
    linkGroup: ({ path }: { readonly path: string }) => (NAMES.has(path) ? "one" : undefined),
  };
  const rowsOfBases: readonly { readonly base: TreeSpec; readonly dest: string; readonly isWalkedLater: boolean }[] = [
    { base: {}, dest: "/", isWalkedLater: true },
    { base: {}, dest: "/t/u", isWalkedLater: true },
    { base: { t: "dir 755 0:0 @1", "t/u": "dir 750 7:7 @2", v: "file 644 0:0 v" }, dest: "/t/u", isWalkedLater: true },
    { base: { t: "dir 755 0:0 @1", w: "link t" }, dest: "/w", isWalkedLater: true },
    { base: { "t/v": "file 644 0:0 v" }, dest: "/t", isWalkedLater: false },
    { base: { "t/d/b": "file 644 0:0 old" }, dest: "/t", isWalkedLater: false },
  ];
  for (const { base, dest, isWalkedLater } of rowsOfBases) {
    for (const owner of [undefined, { uid: 8, gid: 9 }]) {
      it(`X7: gives the same layer to ${dest} over ${JSON.stringify(base)}, owner ${owner?.uid ?? "kept"}`, async () => {
        const action = { ...PLAIN, src: "s", dest };
        const items = async (isLast: boolean): Promise<unknown> => {
          const draft = createDraft(memoryTree(base), NOW);
          const style: CopyStyle = { owner, chmod: parseChmod("go-x"), range: undefined, isLast };
          const source = { tree: from, name: "x" };
          const [selected] = selectSources(source, action);
          assert.ok(selected !== undefined);
          const target = prepareDestination(draft, action, style);
          await copySelected(draft, source, selected, target, action, style);
          assert.equal(draft.lookup(joinTreePath(target, "z")) === undefined, isLast && isWalkedLater);
          return await Array.fromAsync(draft.items());
        };
        assert.deepEqual(await items(true), await items(false));
      });
    }
  }
  it("X7: copies an empty directory over the same one without writing it", async () => {
    const want = await itemsDump(
      await copy({ name: "", from: { s: "dir 755 0:0" }, base: { t: "dir 755 0:0" }, copy: { src: "s", dest: "/t" }, want: {} }, true),
    );
    assert.deepEqual(want, {});
  });
});

describe("digestSelection()", () => {
  const digest = async (from: TreeSpec, src: string): Promise<string> => {
    const tree = memoryTree(from);
    const withDigests = {
      ...tree,
      digest: (entry: Parameters<typeof tree.digest>[0]) =>
        `sha256:${String(entry.size).padStart(64, "0")}` as ReturnType<typeof tree.digest>,
    };
    return (await digestSelection({ tree: withDigests }, selectSources({ tree, name: "x" }, { ...PLAIN, src }), PLAIN)).digest;
  };
  it("S94: does not see modification times", async () =>
    assert.equal(await digest({ a: "file 644 0:0 x @1" }, "a"), await digest({ a: "file 644 0:0 x @2" }, "a")));
  it("S94: sees modes", async () =>
    assert.notEqual(await digest({ a: "file 644 0:0 x" }, "a"), await digest({ a: "file 755 0:0 x" }, "a")));
  it("S94: sees the base name of a source", async () =>
    assert.notEqual(await digest({ a: "file 644 0:0 x" }, "a*"), await digest({ ab: "file 644 0:0 x" }, "a*")));
  it("S94: does not see the path above", async () =>
    assert.equal(await digest({ "p/a": "file 644 0:0 x" }, "p/a"), await digest({ "q/r/a": "file 644 0:0 x" }, "q/r/a")));
  it("S84: sees the directories that --parents makes", async () => {
    const parents = async (from: TreeSpec): Promise<string> => {
      const tree = { ...memoryTree(from), digest: () => sha256("") };
      const action = { ...PLAIN, src: "/", includePatterns: ["d/*.go"] };
      return (await digestSelection({ tree }, selectSources({ tree, name: "x" }, action), action)).digest;
    };
    const files = { "d/a.go": "file 644 0:0 x", "d/b": "file 644 0:0 y" };
    assert.equal(await parents(files), await parents({ ...files, "d/b": "file 600 0:0 z" }));
    assert.notEqual(await parents(files), await parents({ d: "dir 700 0:0", ...files }));
  });
  it("S132: frames its parts", async () =>
    assert.notEqual(await digest({ "d/a": "link b c", "d/b": "link c" }, "d"), await digest({ "d/a": "link b", "d/b": "link c c" }, "d")));
});

describe("copySelected() of what was hashed", () => {
  const action = { ...PLAIN, src: "d", dest: "/t" };
  const copyHashed = async (digests: readonly string[], isLast: boolean): Promise<readonly (string | undefined)[]> => {
    const source = { tree: memoryTree({ "d/a": "file 644 0:0 x", "d/b": "file 644 0:0 y" }), name: "x" };
    const style: CopyStyle = { owner: undefined, chmod: undefined, range: undefined, isLast };
    const hashed = createHashedFiles();
    for (const digest of digests) hashed.add(parseDigest(digest));
    const draft = createDraft(memoryTree({}), NOW);
    const [selected] = selectSources(source, action);
    assert.ok(selected !== undefined);
    await copySelected(draft, source, { ...selected, hashed }, prepareDestination(draft, action, style), action, style);
    return (await Array.fromAsync(draft.items())).flatMap(({ entry }) => (entry.kind === "file" ? [entry.digest] : []));
  };
  const one = `sha256:${"1".repeat(64)}`;
  const two = `sha256:${"2".repeat(64)}`;
  for (const isLast of [false, true]) {
    const when = isLast ? ", as the last action" : "";
    it(`gives the writer the digests to check${when}`, async () => assert.deepEqual(await copyHashed([one, two], isLast), [one, two]));
    it(`refuses a file that appeared since${when}`, async () =>
      assert.rejects(
        copyHashed([one], isLast),
        (error) => isDecantError(error, "CONTEXT") && /changed while the build read it/.test(error.message),
      ));
  }
});
