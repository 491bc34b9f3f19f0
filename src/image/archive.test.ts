import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempDisposable, readFile, readdir, symlink, writeFile, mkdir, lstat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { type ArchiveEntry, writeArchive } from "./archive.ts";
import { type ByteSink, createOutputFile, streamSink } from "./output-file.ts";

const temporary = () => mkdtempDisposable(join(tmpdir(), "decant-archive-"));
const never = new AbortController().signal;

async function collected(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await writeArchive(
    streamSink(async (chunk) => void chunks.push(chunk), never),
    entries,
  );
  return Buffer.concat(chunks);
}

test("writeArchive() is read by GNU tar as written", async () => {
  await using dir = await temporary();
  const file = join(dir.path, "data");
  await writeFile(file, "x".repeat(700));
  const tar = await collected([
    { name: "blobs/", kind: "dir" },
    { name: "blobs/one", kind: "file", path: file, size: 700 },
    { name: "two", kind: "bytes", bytes: Buffer.from("hello") },
  ]);
  const listed = execFileSync("tar", ["-tv", "--numeric-owner", "--utc"], { input: tar, encoding: "utf8" });
  assert.deepEqual(
    listed
      .trim()
      .split("\n")
      .map((line) => line.replace(/ +/g, " ")),
    ["drwxr-xr-x 0/0 0 1970-01-01 00:00 blobs/", "-r--r--r-- 0/0 700 1970-01-01 00:00 blobs/one", "-rw-r--r-- 0/0 5 1970-01-01 00:00 two"],
  );
  assert.equal(execFileSync("tar", ["-xO", "two"], { input: tar, encoding: "utf8" }), "hello");
});

test("writeArchive() says sizes over 8 GiB in a PAX header", async () => {
  const heads: Buffer[] = [];
  const sink: ByteSink = { write: async (bytes) => void heads.push(Buffer.from(bytes)), copyFile: async () => undefined };
  await writeArchive(sink, [{ name: "huge", kind: "file", path: "/nowhere", size: 9 * 2 ** 30 }]);
  const [head = Buffer.alloc(0)] = heads;
  assert.match(head.toString("latin1", 512, 1024), /^\d+ size=9663676416\n\0/);
  assert.equal(head.byteLength, 3 * 512);
});

test("createOutputFile() gives the same bytes to a file as to a stream", async () => {
  await using dir = await temporary();
  const source = join(dir.path, "source");
  const bytes = Buffer.alloc(40 << 20, "0123456789abcdef!");
  await writeFile(source, bytes);
  const entries: ArchiveEntry[] = [
    { name: "a", kind: "file", path: source, size: bytes.byteLength },
    { name: "b", kind: "bytes", bytes: Buffer.from("end") },
  ];
  const dest = join(dir.path, "out.tar");
  {
    await using file = await createOutputFile(dest, never);
    await writeArchive(file, entries);
    await file.commit();
  }
  assert.ok((await readFile(dest)).equals(await collected(entries)));
});

test("createOutputFile() leaves the old file and no trace when it is not committed", async () => {
  await using dir = await temporary();
  const dest = join(dir.path, "out");
  await writeFile(dest, "old");
  {
    await using file = await createOutputFile(dest, never);
    await file.write(Buffer.from("new"));
  }
  assert.equal(await readFile(dest, "utf8"), "old");
  assert.deepEqual(await readdir(dir.path), ["out"]);
});

test("createOutputFile() writes through a symbolic link and keeps it, with the mode of the old file", async () => {
  await using dir = await temporary();
  const real = join(dir.path, "real");
  await writeFile(real, "old", { mode: 0o600 });
  await symlink("real", join(dir.path, "link"));
  {
    await using file = await createOutputFile(join(dir.path, "link"), never);
    await file.write(Buffer.from("new"));
    await file.commit();
  }
  assert.equal(await readFile(real, "utf8"), "new");
  assert.ok((await lstat(join(dir.path, "link"))).isSymbolicLink());
  assert.equal((await lstat(real)).mode & 0o777, 0o600);
});

test("createOutputFile() writes to a device and leaves it in its place", async () => {
  {
    await using file = await createOutputFile("/dev/null", never);
    await file.write(Buffer.from("x"));
    await file.commit();
  }
  assert.ok((await lstat("/dev/null")).isCharacterDevice());
});

test("createOutputFile() stops when it is aborted", async () => {
  await using dir = await temporary();
  const stop = new AbortController();
  await assert.rejects(
    async () => {
      await using file = await createOutputFile(join(dir.path, "out"), stop.signal);
      await file.write(Buffer.from("x"));
      stop.abort("enough");
      await file.write(Buffer.from("y"));
    },
    (error) => error === "enough",
  );
  assert.deepEqual(await readdir(dir.path), []);
});

const refused: { name: string; path: string; want: RegExp }[] = [
  { name: "a directory", path: "folder", want: /it is a directory; a file was wanted$/ },
  { name: "a missing folder", path: "no/such/file", want: /its folder does not exist$/ },
  { name: "a file as folder", path: "file/out", want: /a part of its path is not a directory$/ },
];
for (const { name, path, want } of refused) {
  test(`createOutputFile() refuses ${name}`, async () => {
    await using dir = await temporary();
    await mkdir(join(dir.path, "folder"));
    await writeFile(join(dir.path, "file"), "");
    await assert.rejects(
      createOutputFile(join(dir.path, path), never),
      (error) => isDecantError(error, "EXPORT") && want.test(error.message),
    );
  });
}
