import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { readTar } from "../../test/support/read-tar.ts";
import { bytesOf } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { cleanTreePath, treePath } from "../paths.ts";
import { type EstargzFacts, writeEstargz } from "./estargz.ts";
import { type LayerItem, tarChunks } from "./tar-chunks.ts";
import { tarHeaders } from "./tar-write.ts";
import type { Entry } from "./types.ts";

/** As the specification has it. */
interface Toc {
  readonly version: number;
  readonly entries: readonly (Readonly<Record<string, string | number>> & { readonly name: string; readonly type: string })[];
}

const entry = (path: string, kind: Entry["kind"], more: Partial<Entry> = {}): Entry => ({
  path: treePath(path),
  kind,
  mode: 0o644,
  uid: 1,
  gid: 2,
  size: 0,
  mtimeSec: 1_700_000_000,
  mtimeNsec: 0,
  ...more,
});
const file = (path: string, bytes: Buffer): LayerItem => ({
  entry: entry(path, "file", { size: bytes.byteLength }),
  data: { kind: "bytes", bytes },
});
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const BIG = randomBytes(9 * 1024 * 1024 + 5);
const ITEMS: readonly LayerItem[] = [
  { entry: entry("a", "dir", { mode: 0o755 }) },
  file("a/big", BIG),
  file("a/empty", Buffer.alloc(0)),
  { entry: entry("a/gone", "whiteout") },
  { entry: entry("a/hard", "hardlink", { link: "a/big" }) },
  { entry: entry("a/link", "symlink", { link: "big" }) },
  { entry: entry("a/null", "char", { major: 1, minor: 3 }) },
  file("a/small", Buffer.from("small\n")),
];

async function estargzOf(items: readonly LayerItem[]): Promise<{ readonly blob: Buffer; readonly facts: EstargzFacts }> {
  const parts: Uint8Array[] = [];
  const facts = await writeEstargz(tarChunks(items), async (bytes) => void parts.push(bytes), { level: 6 });
  return { blob: Buffer.concat(parts), facts };
}

/** The TOC as a snapshotter finds it: by the footer. */
function tocOf(blob: Buffer): { readonly toc: Toc; readonly bytes: Buffer; readonly offset: number } {
  const footer = blob.subarray(-51);
  assert.deepEqual([...footer.subarray(0, 4)], [0x1f, 0x8b, 8, 4]);
  assert.equal(footer.toString("latin1", 12, 14), "SG");
  const offset = Number.parseInt(footer.toString("latin1", 16, 32), 16);
  assert.equal(footer.toString("latin1", 32, 38), "STARGZ");
  assert.equal(gunzipSync(footer).byteLength, 0);
  const [last] = readTar(gunzipSync(blob.subarray(offset, -51))).entries;
  assert.equal(last?.name, "stargz.index.json");
  return { toc: JSON.parse(last.content.toString("utf8")) as Toc, bytes: last.content, offset };
}

describe("F.2: writeEstargz()", () => {
  it("writes a gzip of a tar that other readers unpack, with the diffId of that tar", async () => {
    const { blob, facts } = await estargzOf(ITEMS);
    const tar = gunzipSync(blob);
    assert.equal(sha256(tar), facts.diffId);
    assert.equal(tar.byteLength, facts.uncompressedBytes);
    const { entries, problems } = readTar(tar);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      entries.map(({ kind, name }) => `${kind} ${name}`),
      [
        "file .no.prefetch.landmark",
        "dir a",
        "file a/big",
        "file a/empty",
        "file a/.wh.gone",
        "hardlink a/hard",
        "symlink a/link",
        "char a/null",
        "file a/small",
        "file stargz.index.json",
      ],
    );
    assert.ok(entries.find(({ name }) => name === "a/big")?.content.equals(BIG));
  });

  it("has a TOC by which each chunk is found and checked alone", async () => {
    const { blob, facts } = await estargzOf(ITEMS);
    const { toc, bytes, offset } = tocOf(blob);
    assert.equal(sha256(bytes), facts.tocDigest);
    assert.equal(toc.version, 1);
    assert.deepEqual(
      toc.entries.map(({ name, type, size = "", chunkOffset = "", chunkSize = "" }) =>
        [name, type, size, chunkOffset, chunkSize].join(" ").trim(),
      ),
      [
        ".no.prefetch.landmark reg 1",
        "a/ dir",
        `a/big reg ${BIG.byteLength}  4194304`,
        "a/big chunk  4194304 4194304",
        "a/big chunk  8388608",
        "a/empty reg",
        "a/.wh.gone reg",
        "a/hard hardlink",
        "a/link symlink",
        "a/null char",
        "a/small reg 6",
      ],
    );
    const starts = [...toc.entries.flatMap((one) => (typeof one["offset"] === "number" ? [one["offset"]] : [])), offset];
    for (const one of toc.entries) {
      const at = one["offset"];
      if (typeof at !== "number") continue;
      // Up to the next known member: what follows the content there are headers, in a member of their own.
      const next = starts.find((start) => start > at) ?? blob.byteLength;
      const from = Number(one["chunkOffset"] ?? 0);
      const want =
        one.name === "a/big" ? BIG.subarray(from, from + 4194304) : one.name === "a/small" ? Buffer.from("small\n") : Buffer.from([15]);
      assert.ok(gunzipSync(blob.subarray(at, next)).subarray(0, want.byteLength).equals(want), one.name);
      assert.equal(one["chunkDigest"], sha256(want));
    }
    const [big] = toc.entries.filter(({ name }) => name === "a/big");
    assert.equal(big?.["digest"], sha256(BIG));
    assert.deepEqual(toc.entries[7], {
      name: "a/hard",
      type: "hardlink",
      modtime: "2023-11-14T22:13:20Z",
      linkName: "a/big",
      mode: 0o644,
      uid: 1,
      gid: 2,
    });
    assert.deepEqual([toc.entries[9]?.["devMajor"], toc.entries[9]?.["devMinor"]], [1, 3]);
  });

  it("leaves out the landmark and the TOC of a tar that was one, and gives the same bytes again", async () => {
    const once = await estargzOf(ITEMS);
    const parts: Uint8Array[] = [];
    const facts = await writeEstargz(bytesOf(gunzipSync(once.blob)), async (bytes) => void parts.push(bytes), { level: 6 });
    assert.equal(facts.tocDigest, once.facts.tocDigest);
    assert.ok(Buffer.concat(parts).equals(once.blob));
  });

  it("refuses a name that JSON cannot hold", async () => {
    const headers = tarHeaders({ ...entry("a", "dir"), path: cleanTreePath("a\xff") });
    const tar = Buffer.alloc(headers.size + 1024);
    headers.write(tar, 0);
    await assert.rejects(
      writeEstargz(bytesOf(tar), async () => undefined, { level: 1 }),
      (error) => isDecantError(error, "EXPORT") && error.message.includes("is not UTF-8"),
    );
  });
});
