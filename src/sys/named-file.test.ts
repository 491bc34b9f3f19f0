/** Files that somebody names: what is opened, what is refused, and that nothing waits for ever. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkNamedFile, type FilePlace, placeOf, placeWithin, readNamedFile, readNamedFileSync } from "./named-file.ts";

const LIMIT = { maxBytes: 100 };

function folder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "decant-named-"));
  mkdirSync(`${path}/ctx/sub`, { recursive: true });
  mkdirSync(`${path}/outside`);
  writeFileSync(`${path}/outside/file`, "secret");
  writeFileSync(`${path}/ctx/file`, "hello");
  writeFileSync(`${path}/ctx/sub/file`, "below");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The content, or the problem without the folder's name. */
async function read(at: string, place: FilePlace, pipes = false): Promise<string> {
  const got = await readNamedFile(place, { ...LIMIT, pipes });
  return "bytes" in got ? got.bytes.toString() : got.problem.replaceAll(at, "@");
}

interface Row {
  readonly name: string;
  /** Makes "f" in the context. */
  readonly make: (at: string) => void;
  readonly want: string;
}

const LEADS_OUT = (target: string): string =>
  `no such file: it is a link to "${target}", and nothing is there in "@/ctx", which links do not leave`;
const ROWS: readonly Row[] = [
  { name: "a file", make: (at) => writeFileSync(`${at}/ctx/f`, "text"), want: "text" },
  { name: "a link in the folder", make: (at) => symlinkSync("sub/file", `${at}/ctx/f`), want: "below" },
  { name: "a link up and down in the folder", make: (at) => symlinkSync("sub/../sub/file", `${at}/ctx/f`), want: "below" },
  { name: "a link of the folder as root", make: (at) => symlinkSync("/sub/file", `${at}/ctx/f`), want: "below" },
  { name: "a link out of the folder", make: (at) => symlinkSync("../outside/file", `${at}/ctx/f`), want: LEADS_OUT("../outside/file") },
  {
    name: "an absolute link out of the folder",
    make: (at) => symlinkSync(`${at}/outside/file`, `${at}/ctx/f`),
    want: LEADS_OUT("@/outside/file"),
  },
  { name: "a link to a device", make: (at) => symlinkSync("/dev/zero", `${at}/ctx/f`), want: LEADS_OUT("/dev/zero") },
  { name: "a link to nothing", make: (at) => symlinkSync("nothing", `${at}/ctx/f`), want: LEADS_OUT("nothing") },
  { name: "a link to itself", make: (at) => symlinkSync("f", `${at}/ctx/f`), want: "too many links lead to it" },
  { name: "nothing", make: () => {}, want: "no such file" },
  { name: "a directory", make: (at) => mkdirSync(`${at}/ctx/f`), want: "it is a directory; wanted a file" },
  { name: "a pipe", make: (at) => execFileSync("mkfifo", [`${at}/ctx/f`]), want: "it is a pipe; wanted a file" },
  { name: "a device", make: (at) => execFileSync("mknod", [`${at}/ctx/f`, "c", "1", "5"]), want: "it is a device; wanted a file" },
  { name: "a large file", make: (at) => writeFileSync(`${at}/ctx/f`, "x".repeat(101)), want: "it has 101 bytes; at most 100 are read" },
  {
    name: "a file of any size",
    make(at) {
      writeFileSync(`${at}/ctx/f`, "");
      truncateSync(`${at}/ctx/f`, 2 ** 40);
    },
    want: "it has 1099511627776 bytes; at most 100 are read",
  },
  { name: "a file of 100 bytes", make: (at) => writeFileSync(`${at}/ctx/f`, "x".repeat(100)), want: "x".repeat(100) },
];

for (const { name, make, want } of ROWS)
  test(`X4: readNamedFile() of ${name}, within its folder`, async () => {
    using at = folder();
    make(at.path);
    const place = { path: "f", within: `${at.path}/ctx` };
    assert.equal(await read(at.path, place), want);
    const sync = readNamedFileSync(place, LIMIT);
    assert.equal("bytes" in sync ? sync.bytes.toString() : sync.problem.replaceAll(at.path, "@"), want);
    assert.equal(checkNamedFile(place, LIMIT) === undefined, !/no such|wanted|links|bytes;/.test(want));
  });

test("X4: readNamedFile() within a folder does not follow a directory out of it", async () => {
  using at = folder();
  symlinkSync("../outside", `${at.path}/ctx/dir`);
  assert.equal(await read(at.path, { path: "dir/file", within: `${at.path}/ctx` }), "no such file");
  assert.equal(await read(at.path, { path: "../outside/file", within: `${at.path}/ctx` }), "no such file");
  assert.equal(await read(at.path, { path: "sub/../../ctx/file", within: `${at.path}/ctx` }), "no such file");
});

test("readNamedFile() of the user's own path follows links anywhere, and reads no device", async () => {
  using at = folder();
  symlinkSync("../outside/file", `${at.path}/ctx/f`);
  assert.equal(await read(at.path, { path: `${at.path}/ctx/f` }), "secret");
  assert.equal(await read(at.path, { path: "/dev/zero" }), "it is a device; wanted a file");
  const server = createServer().listen(`${at.path}/socket`);
  await new Promise((resolve) => server.once("listening", resolve));
  assert.equal(await read(at.path, { path: `${at.path}/socket` }), "it is a socket; wanted a file");
  await new Promise((resolve) => server.close(resolve));
});

test("readNamedFile() bounds files that say no size", async () => {
  using at = folder();
  assert.equal(await read(at.path, { path: "/proc/self/mountinfo" }), "it has more than 100 bytes; at most 100 are read");
});

test("X4: readNamedFile() reads a pipe where it may, to its bound", async () => {
  using at = folder();
  const pipe = `${at.path}/pipe`;
  execFileSync("mkfifo", [pipe]);
  for (const [script, want] of [
    ["printf one; sleep 0.05; printf two", "onetwo"],
    ["head -c 1000000 /dev/zero", "it has more than 100 bytes; at most 100 are read"],
  ] as const) {
    const writer = spawn("sh", ["-c", `exec > ${pipe}; ${script}`], { stdio: "ignore" });
    assert.equal(await read(at.path, { path: pipe }, true), want);
    await new Promise((resolve) => (writer.exitCode === null && writer.signalCode === null ? writer.once("exit", resolve) : resolve(0)));
  }
});

test("X4: readNamedFile() of a pipe stops when it is cancelled, and waits for no writer for ever", async () => {
  using at = folder();
  const pipe = `${at.path}/pipe`;
  execFileSync("mkfifo", [pipe]);
  const reason = new Error("cancelled");
  const stop = new AbortController();
  const reading = readNamedFile({ path: pipe }, { ...LIMIT, pipes: true, signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(reading, (error) => error === reason);
  // Somebody holds the other end and writes nothing.
  const writer = openSync(pipe, "r+");
  const held = readNamedFile({ path: pipe }, { ...LIMIT, pipes: true, signal: AbortSignal.timeout(100) });
  await assert.rejects(held);
  closeSync(writer);
  assert.equal(await read(at.path, { path: pipe }, true), "it is a pipe that nothing is written to");
});

test("placeOf() keeps what is in a folder in it, by where its directory really is", () => {
  using at = folder();
  const ctx = `${at.path}/ctx`;
  symlinkSync("../outside", `${ctx}/out`);
  symlinkSync("ctx", `${at.path}/link`);
  assert.deepEqual(placeOf(`${ctx}/sub/file`, [ctx]), { path: "sub/file", within: ctx });
  assert.deepEqual(placeOf(`${at.path}/link/file`, [ctx]), { path: "file", within: ctx });
  assert.deepEqual(placeOf(`${ctx}/file`, [`${at.path}/link`]), { path: "file", within: `${at.path}/link` });
  assert.deepEqual(placeOf(`${ctx}/out/file`, [ctx]), { path: `${ctx}/out/file` });
  assert.deepEqual(placeOf(`${at.path}/outside/file`, [ctx]), { path: `${at.path}/outside/file` });
  assert.deepEqual(placeOf(`${ctx}/..file`, [ctx]), { path: "..file", within: ctx });
});

test("placeWithin() goes by the name alone", () => {
  assert.deepEqual(placeWithin("/a/b/c", ["/x", "/a"]), { path: "b/c", within: "/a" });
  assert.deepEqual(placeWithin("/a/b/../c", ["/a"]), { path: "c", within: "/a" });
  assert.equal(placeWithin("/a/../c", ["/a"]), undefined);
  assert.equal(placeWithin("/ab", ["/a"]), undefined);
  assert.deepEqual(placeWithin("/ab", ["/"]), { path: "ab", within: "/" });
});
