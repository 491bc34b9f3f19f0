import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { gitSourceOp, parseGitUrl, type SourceOp } from "../graph/index.ts";
import type { SourceRange } from "../source.ts";
import { formatSourceLock, parseSourceLock, type SourceLock, sourceLockPlace } from "./source-lock.ts";
import { lockRules } from "./source-rules.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const COMMIT = "b".repeat(40);
const shared = { platforms: ["linux/amd64", "linux/arm/v7"], locked: "2026-11-30T12:00:00Z" };
const LOCK: SourceLock = {
  sources: [
    { kind: "url", name: "https://files.example/a?x=1", pin: DIGEST, ...shared },
    { kind: "image", name: "docker.io/library/debian:13", pin: DIGEST, ...shared },
    { kind: "git", name: "https://git.example/x.git#main", pin: COMMIT, ...shared },
  ],
};
const place: SourceRange = { file: { name: "Dockerfile", text: "FROM a" }, start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };

function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isDecantError(error, "LOCK"))
      return `${error.message}; ${error.hint ?? ""}${(error.source ?? []).map(({ start }) => `; line ${start.line}`).join("")}`;
    throw error;
  }
  return "no error";
}

const parse = (text: string): SourceLock => parseSourceLock(text, "decant.lock", "decant update .");
const withSource = (source: object): string => JSON.stringify({ format: 1, tool: "x", sources: [source] });

describe("source lock", () => {
  it("F6: a line for each source, sorted, and the same read again", () => {
    const text = formatSourceLock(LOCK);
    assert.equal(
      text,
      `{
  "format": 1,
  "tool": "decant 0.1.0",
  "sources": [
    {"git":"https://git.example/x.git#main","commit":"${COMMIT}","platforms":["linux/amd64","linux/arm/v7"],"locked":"2026-11-30T12:00:00Z"},
    {"image":"docker.io/library/debian:13","digest":"${DIGEST}","platforms":["linux/amd64","linux/arm/v7"],"locked":"2026-11-30T12:00:00Z"},
    {"url":"https://files.example/a?x=1","digest":"${DIGEST}","platforms":["linux/amd64","linux/arm/v7"],"locked":"2026-11-30T12:00:00Z"}
  ]
}
`,
    );
    assert.equal(formatSourceLock(parse(text)), text);
    assert.deepEqual(parse(formatSourceLock({ sources: [] })).sources, []);
  });

  const image = { image: "docker.io/library/debian:13", digest: DIGEST, ...shared };
  const BAD: readonly (readonly [name: string, text: string, want: RegExp])[] = [
    ["no JSON", "{", /it is not JSON/],
    ["another format", JSON.stringify({ format: 2, tool: "x", sources: [] }), /"format" is not right/],
    ["a key that nobody knows", withSource({ ...image, from: "evil.example/x" }), /wanted an image or url/],
    ["a digest that is none", withSource({ ...image, digest: "sha256:12" }), /wanted/],
    ["a short name", withSource({ ...image, image: "debian" }), /wanted/],
    ["an image with a digest of its own", withSource({ ...image, image: `docker.io/library/a:1@${DIGEST}` }), /wanted/],
    ["a file URL", withSource({ url: "file:///etc/passwd", digest: DIGEST, ...shared }), /wanted/],
    ["an address that paints the terminal", withSource({ url: "https://a/\u001b[2J", digest: DIGEST, ...shared }), /wanted/],
    ["a branch for a commit", withSource({ git: "https://a/x.git#main", commit: "--upload-pack=x", ...shared }), /wanted/],
    ["a time that is none", withSource({ ...image, locked: "yesterday" }), /wanted/],
    ["no platforms", withSource({ ...image, platforms: [] }), /wanted/],
    ["two pins for one", JSON.stringify({ format: 1, tool: "x", sources: [image, image] }), /pins "docker.io\/library\/debian:13" twice/],
  ];
  for (const [name, text, want] of BAD)
    it(`F6: refuses ${name}`, () => {
      const said = failure(() => parse(text));
      assert.match(said, /^Cannot use lock "decant.lock": .*; Take it out of the way, and run: decant update \.$/s);
      assert.match(said, want);
    });

  it("F6: whatever stands in it, it is read or refused", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        failure(() => parse(JSON.stringify(value)));
        failure(() => parse(withSource(Object(value))));
      }),
    );
  });

  it("F6: is called by its Dockerfile, and stays in the context", () => {
    const at = (dockerfile: string, folder?: string): unknown => sourceLockPlace(dockerfile, folder);
    assert.deepEqual(at("/a/Dockerfile", "/a"), { path: "decant.lock", within: "/a" });
    assert.deepEqual(at("/a/b/Containerfile", "/a"), { path: "b/decant.lock", within: "/a" });
    assert.deepEqual(at("/x/api.Dockerfile", "/a"), { path: "/x/api.Dockerfile.decant.lock" });
  });
});

describe("lock rules", () => {
  const rules = lockRules(LOCK, { file: "decant.lock", asked: "decant update ." });
  const file = (identifier: string, attrs: SourceOp["attrs"] = {}): SourceOp => ({ kind: "source", identifier, attrs });
  const git = (text: string): SourceOp => gitSourceOp(parseGitUrl(text) ?? assert.fail());

  it("F6: images get their digest, under every spelling of the name", () => {
    assert.equal(rules.image("debian:13", place), `debian:13@${DIGEST}`);
    assert.equal(rules.image("docker.io/library/debian:13", place), `docker.io/library/debian:13@${DIGEST}`);
    assert.equal(rules.image(`alpine@${DIGEST}`, place), `alpine@${DIGEST}`);
  });

  it("F6: files get a checksum, and repositories a commit", () => {
    assert.deepEqual(rules.added(file("https://user:pw@files.example/a?x=1"), place).attrs, { "http.checksum": DIGEST });
    assert.deepEqual(rules.added(file("https://b", { "http.checksum": "sha256:x" }), place).attrs, { "http.checksum": "sha256:x" });
    const locked = rules.added(git("https://git.example/x.git#main:docs"), place);
    assert.deepEqual(
      [locked.identifier, locked.attrs["git.checksum"], locked.attrs["git.fetchbycommit"]],
      ["git://git.example/x.git#main:docs", COMMIT, "true"],
    );
    const pinned = git(`https://other.example/x.git#${COMMIT}`);
    assert.equal(rules.added(pinned, place), pinned);
  });

  it("F6: what is not there is an error with its place and the command that mends it", () => {
    const end = "; Run: decant update .; line 1";
    assert.equal(
      failure(() => rules.image("debian:12", place)),
      `Cannot take image "docker.io/library/debian:12" with --locked: the lock "decant.lock" does not have it${end}`,
    );
    assert.equal(
      failure(() => rules.added(file("https://b?token=abcdef"), place)),
      `Cannot take url "https://b?token=xxxxx" with --locked: the lock "decant.lock" does not have it${end}`,
    );
    assert.equal(
      failure(() => rules.added(git("https://git.example/x.git"), place)),
      `Cannot take git "https://git.example/x.git#HEAD" with --locked: the lock "decant.lock" does not have it${end}`,
    );
    const none = lockRules(undefined, { file: "/a/decant.lock", asked: "decant update ." });
    assert.equal(
      failure(() => none.image("debian", place)),
      `Cannot take image "docker.io/library/debian:latest" with --locked: there is no lock "/a/decant.lock"${end}`,
    );
  });
});
