import assert from "node:assert/strict";
import { it } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { fc } from "../../test/support/property.ts";
import { isIsalInstalled } from "./isal-file.ts";
import { findIsal, IsalDamage, type Isal } from "./isal.ts";

async function isal(): Promise<Isal> {
  // scripts/setup installs it.
  return (await findIsal({})) ?? assert.fail("there is no libisal.so.2");
}

const END = Buffer.from([3, 0]);
/** Runs, text and noise. */
const plainBytes = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, size]) => Buffer.alloc(size, byte)),
      fc.string({ maxLength: 2000 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.concat(parts));

it("findIsal() finds none where it is switched off", async () => {
  assert.equal(await findIsal({ DECANT_ISAL: "off" }), undefined);
});

it("deflateBlock() makes blocks that follow one another", async () => {
  const library = await isal();
  await fc.assert(
    fc.asyncProperty(fc.array(plainBytes, { maxLength: 4 }), fc.nat(3), async (blocks, level) => {
      const packed: Buffer[] = [];
      for (const block of blocks) packed.push(await library.deflateBlock(block, level));
      assert.ok(inflateRawSync(Buffer.concat([...packed, END])).equals(Buffer.concat(blocks)));
    }),
    { numRuns: 100 },
  );
});

it("startInflate() gives what zlib packed, in any pieces, and finds its end", async () => {
  const library = await isal();
  const cuts = fc.array(fc.nat(1_000_000), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(plainBytes, fc.nat(9), fc.uint8Array({ minLength: 8, maxLength: 40 }), cuts, async (plain, level, tail, at) => {
      const packed = deflateRawSync(plain, { level });
      const whole = Buffer.concat([packed, tail]);
      const nearEnd = at.map((cut) => packed.byteLength - 12 + (cut % 24));
      const ends = [...at.map((cut) => cut % whole.byteLength), ...nearEnd].filter((end) => end > 0 && end < whole.byteLength);
      const run = library.startInflate();
      const chunks: Buffer[] = [];
      let start = 0;
      let usedBytes = 0;
      for (const end of [...ends.toSorted((a, b) => a - b), whole.byteLength]) {
        for await (const chunk of run.feed(whole.subarray(start, end))) chunks.push(chunk);
        assert.ok(run.usedBytes >= 0);
        usedBytes += run.usedBytes;
        start = end;
        if (run.isDone) break;
      }
      assert.ok(run.isDone);
      assert.equal(usedBytes, packed.byteLength);
      assert.ok(Buffer.concat(chunks).equals(plain));
    }),
    { numRuns: 300 },
  );
});

it("startInflate() throws for what is damaged, after what came before, and touches nothing else", async () => {
  const library = await isal();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), async (bytes) => {
      try {
        let sizeBytes = 0;
        for await (const chunk of library.startInflate().feed(Buffer.from(bytes))) sizeBytes += chunk.byteLength;
        assert.ok(sizeBytes <= bytes.byteLength * 1032);
      } catch (error) {
        assert.ok(error instanceof IsalDamage);
      }
    }),
    { numRuns: 500 },
  );
});

it("D: isIsalInstalled() agrees with findIsal(), and is false where it is switched off", async () => {
  assert.equal(isIsalInstalled({}), (await findIsal({})) !== undefined);
  assert.equal(isIsalInstalled({ DECANT_ISAL: "off" }), false);
});
