/** Messages of gRPC on a stream of HTTP/2: a flag, four bytes of length, the message. */
import type { ByteStream } from "../../bytes.ts";
import { CODE, GrpcError } from "./errors.ts";

/** What both sides take. */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;
const HEAD_BYTES = 5;

/** A message with its head. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** The messages of a stream. Throws `GrpcError` for one that is compressed or too large, and for a stream that breaks off. */
export async function* framesIn(stream: ByteStream): AsyncGenerator<Buffer, void, undefined> {
  let kept: Buffer[] = [];
  let size = 0;
  let wanted = HEAD_BYTES;
  for await (const chunk of stream) {
    kept.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    size += chunk.byteLength;
    if (size < wanted) continue;
    let rest = Buffer.concat(kept);
    while (rest.byteLength >= HEAD_BYTES) {
      const length = lengthIn(rest);
      if (rest.byteLength < HEAD_BYTES + length) break;
      yield rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
      rest = rest.subarray(HEAD_BYTES + length);
    }
    wanted = rest.byteLength < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + lengthIn(rest);
    kept = rest.byteLength === 0 ? [] : [rest];
    size = rest.byteLength;
  }
  if (size > 0) throw new GrpcError(CODE.internal, "a message broke off");
}

function lengthIn(head: Buffer): number {
  if (head[0] !== 0) throw new GrpcError(CODE.unimplemented, "compressed messages are not supported");
  const length = head.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES)
    throw new GrpcError(CODE.exhausted, `a message has ${length} bytes; at most ${MAX_MESSAGE_BYTES} are taken`);
  return length;
}
