/** Compressed files of several members, in every format, whole and damaged: what comes out, and which error ends it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { constants, crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { isDecantError } from "../errors.ts";
import { runProcess } from "../sys/index.ts";
import { decompress } from "./decompress.ts";

type Pack = (plain: Buffer) => Promise<Buffer>;

const by =
  (...argv: string[]): Pack =>
  async (input) =>
    (await runProcess({ argv, input })).stdout;

const PACKERS: Readonly<Record<string, Pack>> = {
  gzip: async (plain) => gzipSync(plain),
  zstd: async (plain) => zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  xz: by("xz", "-c"),
  bzip2: by("bzip2", "-c"),
};

const A = Buffer.alloc(1024, "A");
const B = Buffer.alloc(3000, "B");
const EMPTY = Buffer.alloc(0);
const GARBAGE = Buffer.from("garbage!".repeat(20));

/** "A×1024 B×3000", and the error at the end. */
async function outcome(bytes: Buffer, chunkBytes: number, isKnown: boolean): Promise<string> {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
  const counts = new Map<string, number>();
  let problem = "";
  try {
    for await (const chunk of decompress(source(), isKnown ? { sizeBytes: bytes.byteLength } : {}))
      for (const byte of chunk) counts.set(String.fromCharCode(byte), (counts.get(String.fromCharCode(byte)) ?? 0) + 1);
  } catch (error) {
    assert.ok(isDecantError(error, "ARCHIVE"), String(error));
    problem = error.message.replace(/^Cannot decompress \w+ data: /, "");
  }
  return [...[...counts].map(([byte, count]) => `${byte}×${count}`), ...(problem === "" ? [] : [problem])].join(" ");
}

const BOTH = "A×1024 B×3000";
const FOLLOWS = "A×1024 something else follows its end";

interface Shape {
  readonly name: string;
  readonly join: (pack: Pack) => Promise<readonly Buffer[]>;
  /** For all formats, or for each that differs. */
  readonly want: string | Readonly<Record<string, string>>;
}

const SHAPES: readonly Shape[] = [
  { name: "one member", join: async (pack) => [await pack(Buffer.concat([A, B]))], want: BOTH },
  { name: "two members", join: async (pack) => [await pack(A), await pack(B)], want: BOTH },
  { name: "an empty member first", join: async (pack) => [await pack(EMPTY), await pack(A), await pack(B)], want: BOTH },
  { name: "an empty member in the middle", join: async (pack) => [await pack(A), await pack(EMPTY), await pack(B)], want: BOTH },
  { name: "an empty member last", join: async (pack) => [await pack(A), await pack(B), await pack(EMPTY)], want: BOTH },
  { name: "nothing but an empty member", join: async (pack) => [await pack(EMPTY)], want: "" },
  { name: "zeros behind", join: async (pack) => [await pack(A), await pack(B), Buffer.alloc(1000)], want: BOTH },
  { name: "three zeros behind", join: async (pack) => [await pack(A), await pack(B), Buffer.alloc(3)], want: BOTH },
  {
    name: "zeros between members",
    join: async (pack) => [await pack(A), Buffer.alloc(512), await pack(B)],
    // Padding between streams belongs to the format of xz.
    want: { gzip: FOLLOWS, zstd: FOLLOWS, bzip2: FOLLOWS, xz: BOTH },
  },
  {
    name: "garbage behind",
    join: async (pack) => [await pack(A), await pack(B), GARBAGE],
    want: `${BOTH} something else follows its end`,
  },
  {
    name: "a second member whose first byte is wrong",
    join: async (pack) => [await pack(A), Buffer.from("Q"), (await pack(B)).subarray(1)],
    want: FOLLOWS,
  },
  {
    name: "a cut in the second member",
    join: async (pack) => [await pack(A), (await pack(B)).subarray(0, -12)],
    want: {
      gzip: "A×1024 B×2322 it is cut off",
      zstd: "A×1024 it is cut off",
      xz: "A×1024 B×3000 it is damaged or cut off",
      bzip2: "A×1024 it is damaged or cut off",
    },
  },
];

/** gzip is inflated by ISA-L where the host has it, which scripts/setup sees to, and by zlib elsewhere. */
const RUNS = [...Object.entries(PACKERS).map((run) => [...run, "on"] as const), ["gzip", PACKERS["gzip"] ?? by(), "off"] as const];

for (const [format, pack, isal] of RUNS)
  describe(`R2: decompress() of ${format}${isal === "off" ? " by zlib" : ""}`, () => {
    before(() => void (process.env["DECANT_ISAL"] = isal));
    after(() => void delete process.env["DECANT_ISAL"]);
    for (const { name, join, want } of SHAPES)
      test(name, async () => {
        const bytes = Buffer.concat(await join(pack));
        const wanted = typeof want === "string" ? want : want[format];
        for (const chunkBytes of [bytes.byteLength, 1, 13]) {
          const got = await outcome(bytes, chunkBytes, false);
          if (name.startsWith("a cut")) assert.equal(got.replace(/ B×\d+/, ""), wanted?.replace(/ B×\d+/, ""));
          else assert.equal(got, wanted);
        }
        assert.equal((await outcome(bytes, 100, true)).replace(/ B×\d+/, ""), wanted?.replace(/ B×\d+/, ""));
      });

    test("no cut passes for the whole", async () => {
      const first = await pack(A);
      const bytes = Buffer.concat([first, await pack(B)]);
      for (let size = 1; size < bytes.byteLength; size += 1) {
        // Nothing tells that there was more, and a few bytes are no compressed file.
        if (size === first.byteLength || size < 10) continue;
        assert.match(await outcome(bytes.subarray(0, size), size, true), /cut off|follows its end/, `${size} of ${bytes.byteLength} bytes`);
      }
    });
  });

const SKIP = Buffer.concat([Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from("hello")]);
const SKIP_NOTHING = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

function frame(plain: Buffer, hasChecksum = true): Buffer {
  return zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0 } });
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = at < 0 ? copy.byteLength + at : at;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

const ROWS: readonly (readonly [name: string, bytes: Buffer, want: string])[] = [
  ["zstd with a skippable frame first", Buffer.concat([SKIP, frame(A), frame(B)]), BOTH],
  ["zstd with a skippable frame in the middle", Buffer.concat([frame(A), SKIP, frame(B)]), BOTH],
  ["zstd with a skippable frame last", Buffer.concat([frame(A), frame(B), SKIP]), BOTH],
  ["zstd with empty skippable frames", Buffer.concat([SKIP_NOTHING, frame(A), SKIP_NOTHING, frame(B), SKIP_NOTHING]), BOTH],
  ["zstd of a skippable frame only", SKIP, ""],
  ["zstd with a skippable frame cut off", Buffer.concat([frame(A), frame(B), SKIP.subarray(0, -1)]), `${BOTH} it is cut off`],
  ["zstd without checksums", Buffer.concat([frame(A, false), frame(B, false)]), BOTH],
  ["zstd with a wrong checksum", Buffer.concat([frame(A), changed(frame(B), -1)]), `${BOTH} it is damaged`],
  [
    "zstd with a block of no type",
    Buffer.concat([frame(A), Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 7, 0, 0])]),
    "A×1024 a block of it has a type that does not exist",
  ],
  ["zstd with a block of one repeated byte", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 9, 0x4b, 0, 0, 65]), "A×9"],
  ["gzip with a wrong checksum", Buffer.concat([gzipSync(A), changed(gzipSync(B), -8)]), `${BOTH} its checksum is wrong`],
  [
    "gzip with a wrong checksum in the first member",
    Buffer.concat([changed(gzipSync(A), -8), gzipSync(B)]),
    "A×1024 its checksum is wrong",
  ],
  ["gzip with a wrong size", changed(gzipSync(A), -1), "A×1024 its size is not what it says"],
  ["gzip with flags that do not exist", Buffer.from(gzipSync(A)).fill(0x20, 3, 4), "a header of it has flags that do not exist"],
  ["gzip with every field of a header", gzipWithFields(A, 0), "A×1024"],
  ["gzip with a header whose checksum is wrong", gzipWithFields(A, 1), "the checksum of a header is wrong"],
  ["gzip without its last byte", gzipSync(A).subarray(0, -1), "A×1024 it is cut off"],
];

/** Extra field, name, comment and header checksum; `wrong` is added to the last. */
function gzipWithFields(plain: Buffer, wrong: number): Buffer {
  const member = gzipSync(plain);
  const head = Buffer.concat([
    Buffer.from([31, 139, 8, 2 | 4 | 8 | 16]),
    member.subarray(4, 10),
    Buffer.from([3, 0, 1, 2, 3]),
    Buffer.from("name\0comment\0"),
  ]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(((crc32(head) % 65536) + wrong) % 65536);
  return Buffer.concat([head, checksum, member.subarray(10)]);
}

for (const [name, bytes, want] of ROWS)
  test(`R2: decompress() of ${name}`, async () => {
    for (const chunkBytes of [bytes.byteLength, 1, 13]) assert.equal(await outcome(bytes, chunkBytes, false), want);
  });

test("R2: decompress() gives frames and members that are larger than what is decompressed in one call", async () => {
  const plain = Buffer.concat([randomBytes(700_000), Buffer.alloc(900_000, "x"), randomBytes(300_000)]);
  for (const pack of Object.values(PACKERS)) {
    const bytes = Buffer.concat([await pack(plain), await pack(A), await pack(plain)]);
    for (const chunkBytes of [bytes.byteLength, 65_536, 4099]) {
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
      };
      const got = Buffer.concat(await Array.fromAsync(decompress(source())));
      assert.ok(got.equals(Buffer.concat([plain, A, plain])));
    }
  }
});

test("R2: decompress() reads small xz files whose check only the program knows", async () => {
  const { stdout } = await runProcess({ argv: ["xz", "-c", "--check=sha256"], input: A });
  assert.equal(await outcome(Buffer.concat([await by("xz", "-c")(A), stdout]), 1000, true), "A×2048");
});

test("decompress() passes bytes behind the end over where it may, and reads the source to its end", async () => {
  let isRead = false;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield gzipSync(A);
    yield GARBAGE;
    isRead = true;
  };
  const asked: boolean[] = [];
  const plain = await Array.fromAsync(decompress(source(), { mayTrail: () => asked.push(true) > 0 }));
  assert.deepEqual(Buffer.concat(plain), A);
  assert.deepEqual([asked, isRead], [[true], true]);
});
