/** Members of gzip, zstd, xz and bzip2, alone and behind each other, and bombs. */
import { spawnSync } from "node:child_process";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decompress, sniffCompression } from "../../../src/tree/index.ts";
import { holds, inPieces } from "../make.ts";
import type { Target } from "../types.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const CONTENTS = [Buffer.alloc(0), Buffer.from("hello"), Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 7919) % 251))];
const BOMB = Buffer.alloc(32 * 1024 * 1024);
const FAST = [
  ...[...CONTENTS, BOMB].flatMap((content) => [gzipSync(content), zstdCompressSync(content)]),
  Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]),
];
/** These start a program each: few cases take them. */
const SLOW = ["xz", "bzip2"].flatMap((program) =>
  [...CONTENTS, BOMB]
    .map((input) => spawnSync(program, ["-1", "-c"], { input, maxBuffer: 2 ** 26 }).stdout)
    .filter((made) => made.byteLength > 0),
);

export const COMPRESSED: Target = {
  name: "compressed",
  generate(random) {
    const from = SLOW.length > 0 && random.chance(0.03) ? SLOW : FAST;
    return Buffer.concat(Array.from({ length: 1 + random.below(3) }, () => random.pick([FAST[0] ?? Buffer.alloc(0), ...from])));
  },
  async check(input, { random }) {
    sniffCompression(input);
    let size = 0;
    const mayTrail = random.chance(0.3) ? (): boolean => true : undefined;
    const sizeBytes = random.chance(0.5) ? input.byteLength : undefined;
    for await (const chunk of decompress(inPieces(input, random), { maxBytes: MAX_BYTES, mayTrail, sizeBytes })) {
      size += chunk.byteLength;
      holds(size <= MAX_BYTES, "no more comes than may");
    }
  },
};
