/** I1: frames and errors of gRPC, as they come in pieces and from strangers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { collect } from "../../bytes.ts";
import { CODE, errorOf, GrpcError, trailersOf } from "./errors.ts";
import { frameOf, framesIn } from "./frames.ts";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

test("I1: messages come whole, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 30 }),
      async (messages, size) => {
        const found: string[] = [];
        for await (const frame of framesIn(inPieces(Buffer.concat(messages.map(frameOf)), size))) found.push(frame.toString("hex"));
        assert.deepEqual(
          found,
          messages.map((message) => Buffer.from(message).toString("hex")),
        );
      },
    ),
  );
});

const broken: readonly (readonly [name: string, bytes: Buffer, code: number])[] = [
  ["a message that breaks off", frameOf(Buffer.from("abc")).subarray(0, 6), CODE.internal],
  ["a head that breaks off", Buffer.of(0, 0), CODE.internal],
  ["a compressed message", Buffer.of(1, 0, 0, 0, 0), CODE.unimplemented],
  ["a message that is too large", Buffer.of(0, 255, 255, 255, 255), CODE.exhausted],
];
for (const [name, bytes, code] of broken) {
  test(`I1: framesIn() refuses ${name}`, async () => {
    await assert.rejects(collect(framesIn(inPieces(bytes, 64)), 1024, "it"), { code });
  });
}

test("I1: an error goes by trailers and comes back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }),
      (code, message, value) => {
        const back = errorOf(trailersOf(new GrpcError(code, message, { details: [{ typeUrl: "x/y+json", value }] })));
        assert.equal(back?.code, code);
        assert.equal(back.message, message);
        assert.deepEqual(Buffer.from(back.details[0]?.value ?? []), Buffer.from(value));
      },
    ),
  );
  assert.equal(errorOf(trailersOf()), undefined);
});

test("I1: trailers of strangers are no failure of ours", () => {
  assert.equal(errorOf({ "grpc-status": "2", "grpc-message": "%zz", "grpc-status-details-bin": "////" })?.message, "%zz");
  assert.equal(errorOf({})?.code, CODE.unknown);
});
