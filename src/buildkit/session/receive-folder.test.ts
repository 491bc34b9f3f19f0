/** I2: what a hostile client may send as files. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PacketSchema, type StatSchema } from "../wire/session_pb.ts";
import { PACKET } from "./packets.ts";
import { receiveFolder } from "./receive-folder.ts";

type Stat = Exclude<MessageInitShape<typeof StatSchema>, { $typeName: string }>;
type Packet = Exclude<MessageInitShape<typeof PacketSchema>, { $typeName: string }>;

const DIR = 2 ** 31 + 0o755;
const LINK = (1 << 27) + 0o777;
const stat = (path: string, more: Stat = {}): Packet => ({ type: PACKET.stat, stat: { path, mode: 0o644, ...more } });
const end: Packet = { type: PACKET.stat };
const fin: Packet = { type: PACKET.fin };
const data = (id: number, text = ""): Packet => ({ type: PACKET.data, id, data: Buffer.from(text) });

/** Receives these packets; gives what was asked for. */
async function receive(folder: string, packets: readonly Packet[], onUnreadable?: (path: string) => void): Promise<number[]> {
  const asked: number[] = [];
  const responses = (async function* () {
    for (const packet of packets) yield create(PacketSchema, packet);
  })();
  const send = async (message: Packet): Promise<void> => {
    if (message.type === PACKET.request) asked.push(message.id ?? 0);
  };
  await receiveFolder({ responses, send, end: () => undefined, [Symbol.dispose]: () => undefined }, { folder, onUnreadable });
  return asked;
}

const hostile: readonly (readonly [name: string, packets: readonly Packet[]])[] = [
  ["a path that goes up", [stat("../x"), end]],
  ["a path that goes up in the middle", [stat("a", { mode: DIR }), stat("a/../../x"), end]],
  ["an absolute path", [stat("/etc/x"), end]],
  ["an empty path", [stat(""), end]],
  ["a path with a NUL", [stat("a\0b"), end]],
  ["a file below a link", [stat("l", { mode: LINK, linkname: "/etc" }), stat("l/passwd", { size: 1n }), end]],
  ["a file below a file", [stat("f"), stat("f/g"), end]],
  ["a file below nothing", [stat("d/f"), end]],
  ["the same path twice", [stat("f"), stat("f"), end]],
  ["a link that became a directory", [stat("l", { mode: LINK, linkname: "/etc" }), stat("l", { mode: DIR }), stat("l/x"), end]],
  ["a hard link to a file outside", [stat("h", { linkname: "../secret" }), end]],
  ["a hard link to a link", [stat("l", { mode: LINK, linkname: "../secret" }), stat("m", { linkname: "l" }), end]],
  ["a hard link to nothing", [stat("h", { linkname: "nothing" }), end]],
  ["content that nobody asked for", [stat("f"), data(7, "x"), end]],
  ["files after the end of the list", [end, stat("f"), end]],
  ["a packet of no type", [{ type: 9 }]],
  ["an end before all is there", [stat("f", { size: 3n }), end, fin]],
  ["an error", [{ type: PACKET.error, data: Buffer.from("no") }]],
];
for (const [name, packets] of hostile) {
  test(`I2: receiveFolder() refuses ${name}`, async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), "decant-receive-"));
    const folder = join(place.path, "folder");
    mkdirSync(folder);
    writeFileSync(join(place.path, "secret"), "secret");
    await assert.rejects(receive(folder, [...packets, fin]));
    assert.deepEqual(readdirSync(place.path).toSorted(), ["folder", "secret"]);
    assert.equal(readFileSync(join(place.path, "secret"), "utf8"), "secret");
    assert.equal(lstatSync(join(place.path, "secret")).nlink, 1);
    assert.ok(!existsSync("/etc/x"));
  });
}

test("I2: receiveFolder() never writes through what an earlier transfer has left", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "decant-receive-"));
  const folder = join(place.path, "folder");
  mkdirSync(folder);
  writeFileSync(join(place.path, "secret"), "secret");
  symlinkSync("../secret", join(folder, "f"));
  symlinkSync("..", join(folder, "d"));
  const asked = await receive(folder, [
    stat("d", { mode: DIR }),
    stat("d/secret", { size: 3n }),
    stat("f", { size: 3n }),
    end,
    data(1, "new"),
    data(1),
    data(2, "new"),
    data(2),
    fin,
  ]);
  assert.deepEqual(asked, [1, 2]);
  assert.equal(readFileSync(join(place.path, "secret"), "utf8"), "secret");
  assert.ok(lstatSync(join(folder, "d")).isDirectory() && lstatSync(join(folder, "f")).isFile());
});

test("I2: receiveFolder() keeps what is the same, and removes what is gone", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "decant-receive-"));
  const time = { modTime: 1_700_000_000_123_456_789n };
  const first = await receive(place.path, [
    stat("a", { size: 1n, ...time }),
    stat("b", { size: 1n, ...time }),
    stat("c", { linkname: "a" }),
    end,
    data(0, "a"),
    data(0),
    data(1, "b"),
    data(1),
    fin,
  ]);
  assert.deepEqual(first, [0, 1]);
  assert.equal(lstatSync(join(place.path, "c")).ino, lstatSync(join(place.path, "a")).ino);
  const second = await receive(place.path, [stat("b", { size: 1n, ...time }), end, fin]);
  assert.deepEqual(second, []);
  assert.deepEqual(readdirSync(place.path), ["b"]);
});

test("I2: receiveFolder() tells of a file that the client cannot open", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "decant-receive-"));
  const told: string[] = [];
  await receive(place.path, [stat("a", { size: 3n }), end, data(0), fin], (path) => told.push(path));
  assert.deepEqual(told, ["a"]);
  assert.deepEqual(readdirSync(place.path), []);
});
