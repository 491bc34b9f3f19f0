/** Values of SSH's wire format (RFC 4251, section 5), and the frames of its agents. Knows nothing of what they mean. */

/** Takes values off the front of some bytes. What is not there reads as zero or empty, and `isWhole` turns false: ask it once, at the end. */
export interface WireReader {
  uint32(): number;
  string(): Buffer;
  /** A number that is not negative, big-endian, without leading zeros. */
  mpint(): Buffer;
  /** Exactly these bytes of ASCII. */
  expect(text: string): void;
  readonly isWhole: boolean;
}

/** Reads `bytes`, which stay as they are. */
export function wireReader(bytes: Buffer): WireReader {
  let at = 0;
  let isWhole = true;
  const take = (length: number): Buffer => {
    if (length > bytes.byteLength - at) isWhole = false;
    if (!isWhole) return Buffer.alloc(0);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const uint32 = (): number => {
    const found = take(4);
    return isWhole ? found.readUInt32BE(0) : 0;
  };
  const string = (): Buffer => take(uint32());
  return {
    uint32,
    string,
    mpint() {
      const found = string();
      if ((found[0] ?? 0) >= 0x80) isWhole = false;
      return withoutZeros(found);
    },
    expect(text) {
      if (take(text.length).toString("latin1") !== text) isWhole = false;
    },
    get isWhole() {
      return isWhole;
    },
  };
}

/** Four bytes, big-endian. */
export function wireUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A length and that many bytes; text is ASCII. */
export function wireString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  return Buffer.concat([wireUint32(bytes.byteLength), bytes]);
}

/** A number that is not negative, given big-endian. */
export function wireMpint(value: Uint8Array): Buffer {
  const bytes = withoutZeros(Buffer.from(value));
  // The first bit is the sign.
  return wireString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

function withoutZeros(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
}

/** Cuts a stream into frames: a length and that many bytes. Ends at a frame longer than `maxBytes`, and at one that is cut off. */
export async function* frames(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let kept = Buffer.alloc(0);
  for await (const chunk of stream) {
    kept = Buffer.concat([kept, chunk]);
    while (kept.byteLength >= 4) {
      const length = kept.readUInt32BE(0);
      if (length > maxBytes) return;
      if (kept.byteLength < 4 + length) break;
      yield kept.subarray(4, 4 + length);
      kept = kept.subarray(4 + length);
    }
  }
}
