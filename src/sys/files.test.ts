import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { openByWalking, openConfined } from "./confined.ts";
import { copyRange } from "./copy-range.ts";
import { clearProtectedFlags } from "./file-flags.ts";
import { tryFlock } from "./flock.ts";
import { joinDevice, makeNode, splitDevice } from "./node.ts";
import { runProcess } from "./process.ts";
import { setTimes } from "./times.ts";
import { getXattr, listXattrs, readXattrs, setXattr } from "./xattr.ts";

const temp = (): ReturnType<typeof mkdtempDisposable> => mkdtempDisposable(join(tmpdir(), "decant-sys-"));
const failsWith = (errno: string) => (error: unknown) => isDecantError(error, "SYSCALL") && error.details["errno"] === errno;
/** A name that is not UTF-8. */
const ODD = Buffer.from([0x6f, 0xff, 0xfe]);
const oddPath = (dir: string): Buffer => Buffer.concat([Buffer.from(`${dir}/`), ODD]);

test("tryFlock() excludes another open file, until it is closed", async () => {
  await using dir = await temp();
  const path = join(dir.path, "lock");
  const one = openSync(path, "w");
  const two = openSync(path, "r");
  assert.equal(tryFlock(one, "exclusive"), true);
  assert.equal(tryFlock(two, "shared"), false);
  closeSync(one);
  assert.equal(tryFlock(two, "shared"), true);
  const three = openSync(path, "r");
  assert.equal(tryFlock(three, "shared"), true);
  assert.equal(tryFlock(three, "exclusive"), false);
  closeSync(two);
  assert.equal(tryFlock(three, "exclusive"), true);
  closeSync(three);
});

test("tryFlock() rejects a bad descriptor", () => {
  assert.throws(() => tryFlock(-1, "shared"), failsWith("EBADF"));
});

test("xattrs keep bytes, and paths that are not UTF-8", async () => {
  await using dir = await temp();
  const path = oddPath(dir.path);
  writeFileSync(path, "");
  const value = Buffer.from([0, 255, 1]);
  setXattr(path, "user.one", value);
  setXattr(path.toString("latin1"), "user.empty", Buffer.alloc(0));
  assert.deepEqual(getXattr(path.toString("latin1"), "user.one"), value);
  assert.deepEqual(listXattrs(path).toSorted(), ["user.empty", "user.one"]);
  assert.deepEqual([...readXattrs(path, (name) => name !== "user.one")], [["user.empty", Buffer.alloc(0)]]);
  assert.equal(getXattr(path, "user.two"), undefined);
});

test("xattrs of a symlink are not those of its target", async () => {
  await using dir = await temp();
  writeFileSync(join(dir.path, "file"), "");
  symlinkSync("file", join(dir.path, "link"));
  setXattr(join(dir.path, "file"), "user.one", Buffer.from("1"));
  assert.deepEqual(listXattrs(join(dir.path, "link")), []);
  assert.throws(() => setXattr(join(dir.path, "link"), "user.one", Buffer.from("1")), failsWith("EPERM"));
});

test("xattrs say SYSCALL for a path that is not there, and refuse NUL", () => {
  assert.throws(() => listXattrs("/no/such"), failsWith("ENOENT"));
  assert.throws(
    () => getXattr("/tmp\0x", "user.a"),
    (error) => isDecantError(error, "PATH_ESCAPE"),
  );
});

test("listXattrs() finds none on a file system without attributes", () => {
  assert.deepEqual([listXattrs("/proc/self/stat"), getXattr("/proc/self/stat", "user.a")], [[], undefined]);
});

for (const [name, sec, nsec] of [
  ["the nanosecond", 1_700_000_000, 123_456_789],
  ["the epoch", 0, 0],
  ["before the epoch", -5, 1],
  ["after 2038", 5_000_000_000, 999_999_999],
] as const) {
  test(`setTimes() sets ${name} on a file and on a symlink itself`, async () => {
    await using dir = await temp();
    const file = join(dir.path, "file");
    const link = join(dir.path, "link");
    writeFileSync(file, "");
    symlinkSync("file", link);
    setTimes(file, { sec: 1, nsec: 1 });
    setTimes(link, { sec, nsec });
    assert.equal(lstatSync(link, { bigint: true }).mtimeNs, BigInt(sec) * 1_000_000_000n + BigInt(nsec));
    assert.equal(statSync(link, { bigint: true }).mtimeNs, 1_000_000_001n);
  });
}

test("makeNode() makes pipes and devices", async (context) => {
  await using dir = await temp();
  makeNode(join(dir.path, "fifo"), { kind: "fifo", mode: 0o600 });
  assert.equal(lstatSync(join(dir.path, "fifo")).isFIFO(), true);
  assert.throws(() => makeNode(join(dir.path, "fifo"), { kind: "fifo" }), failsWith("EEXIST"));
  if (process.getuid?.() !== 0) return context.skip("devices need root");
  makeNode(join(dir.path, "null"), { kind: "char", major: 1, minor: 3 });
  makeNode(join(dir.path, "whiteout"), { kind: "char" });
  makeNode(join(dir.path, "disk"), { kind: "block", major: 259, minor: 70_000 });
  const device = (name: string): object => splitDevice(lstatSync(join(dir.path, name)).rdev);
  assert.deepEqual(["null", "whiteout", "disk"].map(device), [
    { major: 1, minor: 3 },
    { major: 0, minor: 0 },
    { major: 259, minor: 70_000 },
  ]);
});

test("joinDevice() refuses numbers that Linux does not have", () => {
  for (const [major, minor] of [
    [4096, 0],
    [0, 1_048_576],
    [-1, 0],
    [0.5, 0],
  ] as const) {
    assert.throws(
      () => joinDevice(major, minor),
      (error) => isDecantError(error, "UNSUPPORTED"),
    );
  }
});

test("copyRange() copies a part to an offset, beyond 4 GiB too, and tells a short source", async () => {
  await using dir = await temp();
  writeFileSync(join(dir.path, "from"), "0123456789");
  const from = openSync(join(dir.path, "from"), "r");
  const to = openSync(join(dir.path, "to"), "w+");
  assert.equal(await copyRange({ fd: from, offset: 2 }, { fd: to, offset: 5_000_000_000 }, 3), 3);
  assert.equal(await copyRange({ fd: from, offset: 8 }, { fd: to, offset: 5_000_000_003 }, 100), 2);
  const text = Buffer.alloc(5);
  readSync(to, text, 0, 5, 5_000_000_000);
  assert.deepEqual([String(text), fstatSync(to).size], ["23489", 5_000_000_005]);
  closeSync(from);
  closeSync(to);
});

test("copyRange() copies where the kernel does not", async () => {
  await using dir = await temp();
  const from = openSync("/proc/self/status", "r");
  const to = openSync(join(dir.path, "to"), "w");
  const count = await copyRange({ fd: from, offset: 0 }, { fd: to, offset: 1 }, 100_000);
  closeSync(from);
  closeSync(to);
  assert.match(readFileSync(join(dir.path, "to"), "utf8"), /^\0Name:/);
  assert.equal(readFileSync(join(dir.path, "to")).length, count + 1);
});

test("clearProtectedFlags() makes an immutable file removable", async (context) => {
  await using dir = await temp();
  const path = join(dir.path, "file");
  writeFileSync(path, "");
  assert.equal(clearProtectedFlags(path), false);
  const set = await runProcess({ argv: ["chattr", "+i", path] });
  if (set.exitCode !== 0) return context.skip("no immutable flag here");
  assert.throws(() => rmSync(path), /EPERM/);
  assert.equal(clearProtectedFlags(path), true);
  rmSync(path);
});

const { O_RDONLY, O_NOFOLLOW, O_CREAT, O_WRONLY, O_DIRECTORY } = constants;
const CONFINED: readonly { name: string; path: string; want: string; flags?: number }[] = [
  { name: "a file", path: "dir/file", want: "inside" },
  { name: "an absolute path", path: "/dir/file", want: "inside" },
  { name: "a path above the root", path: "../../../dir/file", want: "inside" },
  { name: "a symlink to an absolute path", path: "absolute", want: "inside" },
  { name: "a symlink above the root", path: "above", want: "inside" },
  { name: "a symlink in the middle", path: "dirlink/../dir/file", want: "inside" },
  { name: "a symlink to the host's files", path: "host", want: "ENOENT" },
  { name: "a symlink in a circle", path: "circle", want: "ELOOP" },
  { name: "a symlink that is not followed", path: "absolute", want: "ELOOP", flags: O_RDONLY | O_NOFOLLOW },
  { name: "a file as a directory", path: "dir/file/x", want: "ENOTDIR" },
  { name: "a missing file", path: "dir/missing", want: "ENOENT" },
  { name: "the root", path: "", want: "", flags: O_RDONLY | O_DIRECTORY },
  { name: "a new file through a dangling symlink", path: "dangling", want: "", flags: O_WRONLY | O_CREAT },
];
const openers = {
  openConfined: (root: number, path: string, flags: number) => openConfined(root, path, flags, 0o600),
  openByWalking: (root: number, path: string, flags: number) => openByWalking(root, path, { flags, mode: 0o600 }),
};
for (const [opener, open] of Object.entries(openers)) {
  for (const { name, path, want, flags = O_RDONLY } of CONFINED) {
    test(`${opener}() keeps inside its root: ${name}`, async () => {
      await using dir = await temp();
      const root = join(dir.path, "root");
      mkdirSync(join(root, "dir"), { recursive: true });
      writeFileSync(join(root, "dir/file"), "inside");
      writeFileSync(join(dir.path, "host"), "outside");
      for (const [link, target] of Object.entries({
        absolute: "/dir/file",
        above: "../../dir/file",
        dirlink: "/dir",
        host: join(dir.path, "host"),
        circle: "circle",
        dangling: "/dir/made",
      })) {
        symlinkSync(target, join(root, link));
      }
      const rootFd = openSync(root, "r");
      try {
        const fd = open(rootFd, path, flags);
        const got = flags === O_RDONLY ? readFileSync(fd, "utf8") : "";
        closeSync(fd);
        assert.equal(got, want);
        if (path === "dangling") assert.equal(readFileSync(join(root, "dir/made"), "utf8"), "");
      } catch (error) {
        if (!isDecantError(error)) throw error;
        assert.equal(error.details["errno"], want);
      } finally {
        closeSync(rootFd);
      }
    });
  }
}
