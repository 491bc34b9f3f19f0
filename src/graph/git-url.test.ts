/** Git references, form by form (rule S92). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { gitRefOf, gitSourceOp, isSshRemote, parseGitUrl } from "./git-url.ts";

describe("parseGitUrl()", () => {
  const rows: readonly (readonly [text: string, want: Readonly<Record<string, unknown>> | undefined])[] = [
    ["https://h/o/x.git", { remote: "https://h/o/x.git" }],
    ["http://h:81/x.git#v1", { remote: "http://h:81/x.git", ref: "v1" }],
    ["https://h/x.git#:docs/", { remote: "https://h/x.git", subdir: "docs" }],
    ["https://h/x.git#main:a/../b", { remote: "https://h/x.git", ref: "main", subdir: "b" }],
    ["https://h/x.git#main:../../etc", { remote: "https://h/x.git", ref: "main", subdir: "etc" }],
    ["git://h/x", { remote: "git://h/x" }],
    ["ssh://git@h:22/x", { remote: "ssh://git@h:22/x" }],
    ["git@h:o/x.git#v1:d", { remote: "git@h:o/x.git", ref: "v1", subdir: "d" }],
    ["git@h:o/x?branch=b", { remote: "git@h:o/x", ref: "refs/heads/b" }],
    ["https://h/x.git?tag=v1&subdir=/d/", { remote: "https://h/x.git", ref: "refs/tags/v1", subdir: "d" }],
    ["https://h/x.git?ref=r&commit=ABCD1234", { remote: "https://h/x.git", ref: "r", checksum: "ABCD1234" }],
    [
      "https://h/x.git?keep-git-dir&submodules=false&mtime=commit",
      { remote: "https://h/x.git", keepGitDir: true, submodules: false, mtime: "commit" },
    ],
    [
      `https://h/x.git?checksum=${"a".repeat(40)}&fetch-by-commit=1`,
      { remote: "https://h/x.git", checksum: "a".repeat(40), fetchByCommit: true },
    ],
    ["https://h/x.git?ref=a&subdir=d#a:d", { remote: "https://h/x.git", ref: "a", subdir: "d" }],
    ["https://h/x.git?tag=refs/tags/v1", { remote: "https://h/x.git", ref: "refs/tags/v1" }],
    ["https://h/x.tar.gz", undefined],
    ["https://h/x.git/file", undefined],
    ["https://h/x?y=.git", undefined],
    ["github.com/o/x", undefined],
    ["./x.git", undefined],
    ["a:b", undefined],
    ["-oProxyCommand=x@h:p", undefined],
  ];
  for (const [text, want] of rows) it(text, () => assert.deepEqual(parseGitUrl(text), want));

  it("takes github.com/… for contexts only", () =>
    assert.deepEqual(parseGitUrl("github.com/o/x#v1", { asContext: true }), { remote: "https://github.com/o/x", ref: "v1" }));

  it("H4: names of folders with line breaks are read back", () => {
    const git = { remote: "git@h:x.git", ref: "n", subdir: "a\nb" };
    assert.deepEqual(gitRefOf(gitSourceOp(git)), git);
  });

  const refused: readonly (readonly [text: string, want: RegExp])[] = [
    ["https://h/x.git#-upload-pack=x", /cannot be a ref/],
    ["https://h/x.git#a..b", /cannot be a ref/],
    ["https://h/x.git?branch=a b", /cannot be a ref/],
    ["https://h/x.git?foo=1", /unexpected query "foo"/],
    ["https://h/x.git?ref=a&ref=b", /given twice/],
    ["https://h/x.git?ref=a&tag=b", /ref conflicts: "a" and "refs\/tags\/b"/],
    ["https://h/x.git?tag=a&branch=a", /ref conflicts/],
    ["https://h/x.git?ref=a#b", /ref conflicts: "b" and "a"/],
    ["https://h/x.git?subdir=a#:b", /subdir conflicts: "b" and "a"/],
    ["https://h/x.git?ref=", /query "ref" has no value/],
    ["https://h/x.git?checksum=xyz", /no commit id/],
    ["https://h/x.git?mtime=now", /wanted checkout or commit/],
    ["https://h/x.git?submodules=maybe", /wanted true or false/],
    ["https://h/x.git?fetch-by-commit=true", /whole id of a commit/],
    ["git@h:-x", /no usable path/],
    ["https://me:secret@h/x.git?foo=1", /"https:\/\/h\/x\.git\?foo=1"/],
  ];
  for (const [text, want] of refused)
    it(`refuses ${text}`, () =>
      assert.throws(
        () => parseGitUrl(text),
        (error) => isDecantError(error, "GIT_SOURCE") && want.test(error.message),
      ));
});

describe("gitSourceOp()", () => {
  it("keeps credentials out of the identifier", () =>
    assert.equal(gitSourceOp({ remote: "https://me:secret@h/x.git", ref: "v1", subdir: "d" }).identifier, "git://h/x.git#v1:d"));

  it("gives back what it was made of", () => {
    for (const text of [
      "git@h:o/x.git#v1:d",
      "https://h/x.git?keep-git-dir=1&submodules=0&mtime=commit&checksum=abcd",
      "https://h/x.git#:d",
    ]) {
      const git = parseGitUrl(text);
      assert.ok(git);
      assert.deepEqual(gitRefOf(gitSourceOp(git)), git);
    }
  });

  it("knows ssh", () => assert.deepEqual(["git@h:x", "ssh://h/x", "https://h/x.git"].map(isSshRemote), [true, true, false]));
});
