/** Just enough of DER (X.690) to find the subject of a certificate (RFC 5280, 4.1). Bounded by the buffer: every length is checked. */

/** One value: `bytes` is its content, `whole` has tag and length before it. */
export interface DerValue {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly whole: Uint8Array;
}

export const DER = { integer: 0x02, oid: 0x06, utf8: 0x0c, printable: 0x13, sequence: 0x30, set: 0x31, version: 0xa0 } as const;

/** All values that stand one after the other in `bytes`. Throws `RangeError` for what is no DER. */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const tag = byteAt(bytes, at);
    const first = byteAt(bytes, at + 1);
    const more = first < 0x80 ? 0 : first & 0x7f;
    // 4 bytes of length are more than any certificate has; 0x80 is not allowed in DER.
    if ((tag & 0x1f) === 0x1f || more > 4 || first === 0x80) throw new RangeError(`no DER at ${at}`);
    let length = more === 0 ? first : 0;
    for (let digit = 0; digit < more; digit += 1) length = length * 256 + byteAt(bytes, at + 2 + digit);
    const start = at + 2 + more;
    if (start + length > bytes.byteLength) throw new RangeError(`the value at ${at} does not end`);
    values.push({ tag, bytes: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return values;
}

/** An object identifier as text: "2.5.4.3". */
export function oidText(bytes: Uint8Array): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (parts.length === 0) parts.push(Math.min(Math.floor(value / 40), 2), value - Math.min(Math.floor(value / 40), 2) * 40);
    else parts.push(value);
    value = 0;
  }
  return parts.join(".");
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`it ends at ${at}`);
  return byte;
}
