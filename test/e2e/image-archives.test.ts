/** U10: save, load and tag, against the archives that others write and read. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DECANT } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-archives-"));
writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nARG FILE=one\nCOPY ${FILE} /file\nLABEL file=${FILE}\n");
for (const name of ["one", "two"]) writeFileSync(join(folder, name), name);
after(() => rmSync(folder, { recursive: true, force: true }));

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs decant on the store `store` of this test. */
function decant(store: string, args: readonly string[], input?: Buffer): Done {
  const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, store) };
  const done = spawnSync(DECANT, args, { cwd: folder, env, input: input ?? "" });
  return { code: done.status, out: done.stdout.toString().trim(), err: done.stderr.toString() };
}

function ok(store: string, ...args: readonly string[]): string {
  const { code, out, err } = decant(store, args);
  assert.equal(code, 0, err);
  return out;
}

function skopeo(...args: readonly string[]): string {
  return execFileSync("skopeo", args, { cwd: folder, encoding: "utf8" });
}

const one = ok("made", "build", "-q", "-t", "app:1", "-t", "app:2", ".");
const two = ok("made", "build", "-q", "-t", "other", "--build-arg", "FILE=two", ".");
ok("made", "save", "-q", "-o", "all.tar", "app", "other");
const all = readFileSync(join(folder, "all.tar"));

function idsOf(store: string): readonly string[] {
  return ok(store, "images")
    .split("\n")
    .slice(1)
    .map((line) => line.split(/ {2,}/).slice(0, 2).join(" "));
}

const ALL = [`app:1 ${one.slice(7, 19)}`, `app:2 ${one.slice(7, 19)}`, `other:latest ${two.slice(7, 19)}`].map(
  (line) => `docker.io/library/${line}`,
);

const PACKED: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["plain", all],
  ["gzip", gzipSync(all)],
  ["zstd", zstdCompressSync(all)],
];
for (const [name, bytes] of PACKED) {
  test(`U10: save and load keep names, IDs and digests of several images (${name})`, () => {
    const store = `loaded-${name}`;
    const { code, out, err } = decant(store, ["load", "-q"], bytes);
    assert.equal(code, 0, err);
    assert.equal(out, "Loaded image: app:1\nLoaded image: app:2\nLoaded image: other:latest");
    assert.deepEqual(idsOf(store), ALL);
    const digestOf = (at: string): unknown => JSON.parse(ok(at, "inspect", "--format", "json", "app:1")).digest;
    assert.equal(digestOf(store), digestOf("made"));
  });
}

test("U10: a name without a tag saves all tags, one with a tag only that, an ID none", () => {
  const tagsOf = (...images: readonly string[]): unknown => {
    ok("made", "save", "-q", "-o", "some.tar", ...images);
    const text = execFileSync("tar", ["-xOf", "some.tar", "manifest.json"], { cwd: folder, encoding: "utf8" });
    return JSON.parse(text).map(({ RepoTags: tags }: { RepoTags: unknown }) => tags);
  };
  assert.deepEqual(tagsOf("app"), [["app:1", "app:2"]]);
  assert.deepEqual(tagsOf("app:2", "other"), [["app:2"], ["other:latest"]]);
  assert.deepEqual(tagsOf(one), [null]);
  assert.match(decant("made", ["save", "-o", "x.tar", "nothing"]).err, /Cannot find image "nothing" in the local store/);
});

test("U10: skopeo reads what save writes", () => {
  ok("made", "save", "-q", "-o", "app.tar", "app:1");
  ok("made", "save", "-q", "--format", "oci-archive", "-o", "app-oci.tar", "app:1");
  for (const from of ["docker-archive:app.tar:app:1", "oci-archive:app-oci.tar:1"])
    assert.equal(JSON.parse(skopeo("inspect", "--config", from)).config.Labels.file, "one");
});

for (const [name, to] of [
  ["skopeo's docker archive", "docker-archive:foreign.tar:team/app:3"],
  ["skopeo's OCI archive", "oci-archive:foreign.tar:localhost/team/app:3"],
  ["an OCI layout in a folder", "oci:foreign:localhost/team/app:3"],
] as const) {
  test(`U10: load reads ${name}`, () => {
    for (const path of ["foreign.tar", "foreign"]) rmSync(join(folder, path), { recursive: true, force: true });
    skopeo("copy", "-q", "docker-archive:all.tar:app:1", to);
    const store = `loaded ${name}`;
    assert.match(ok(store, "load", "-q", "-i", to.startsWith("oci:") ? "foreign" : "foreign.tar"), /^Loaded image: .*team\/app:3$/);
    ok(store, "build", "-q", "-o", `type=local,dest=${name}`, "--build-context", "app=docker-image://localhost/team/app:3", ".");
    assert.equal(readFileSync(join(folder, name, "file"), "utf8"), "one");
  });
}

test("U10: load refuses what is no archive of images, and names nothing of a damaged one", () => {
  mkdirSync(join(folder, "files"), { recursive: true });
  writeFileSync(join(folder, "files/etc"), "x");
  execFileSync("tar", ["-cf", "rootfs.tar", "-C", "files", "."], { cwd: folder });
  const { code, err } = decant("bad", ["load", "-i", "rootfs.tar"]);
  assert.equal(code, 1);
  assert.match(err, /it is no archive of images: it has neither index.json nor manifest.json\n\nHint: .*decant import FILE NAME/);
  assert.match(decant("bad", ["load"], Buffer.from("")).err, /ERROR: Cannot load "standard input"/);
  const at = all.indexOf("two");
  const damaged = Buffer.from(all);
  damaged.write("owt", at);
  assert.match(decant("bad", ["load"], damaged).err, /its content has digest/);
  assert.equal(ok("bad", "images", "-q"), "");
});

test("U10: tag gives more names, moves those of others, and takes IDs", () => {
  ok("tags", "load", "-q", "-i", "all.tar");
  ok("tags", "tag", "app:1", "registry.example/team/app:9", "other");
  ok("tags", "tag", two.slice(7, 19), "again:x");
  assert.deepEqual(idsOf("tags"), [
    `docker.io/library/again:x ${two.slice(7, 19)}`,
    ...ALL.slice(0, 2),
    `docker.io/library/other:latest ${one.slice(7, 19)}`,
    `registry.example/team/app:9 ${one.slice(7, 19)}`,
  ]);
  assert.match(decant("tags", ["tag", "app:1", "App"]).err, /Cannot use image name "App"/);
  ok("tags", "prune", "--all", "-f");
  assert.equal(ok("tags", "image", "inspect", "--format", "json", "again:x").includes(two), true);
});

test("U10: nouns and docker's other names run the same commands", () => {
  for (const [args, want] of [
    [["image", "ls", "-q"], `${one}\n${one}\n${two}`],
    [["system", "df", "--format", "json"], '"images": 2'],
    [["system", "prune", "-f"], "Freed"],
    [["builder", "prune", "-f", "--filter", "until=24h"], "Freed"],
    [["image", "prune", "-f"], "Freed"],
    [["buildx", "build", "-q", "."], one],
    [["builder", "build", "-q", "."], one],
    [["container", "ls", "-q"], ""],
  ] as const)
    assert.match(ok("made", ...args), new RegExp(want), args.join(" "));
  assert.match(decant("made", ["image", "prune", "-a"]).err, /--all of "decant image prune" is not supported yet/);
});

test("U10: image prune removes images without a name, and no others", () => {
  ok("untagged", "build", "-q", ".");
  const kept = ok("untagged", "build", "-q", "-t", "kept", "--build-arg", "FILE=two", ".");
  ok("untagged", "image", "prune", "-f");
  assert.equal(ok("untagged", "images", "-q"), kept);
});
