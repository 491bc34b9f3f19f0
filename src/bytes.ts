/** Small helpers for byte chunks and streams of them. */
import { DecantError } from "./errors.ts";

/** A stream of bytes. Every producer closes its source when the consumer leaves the loop. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Reads a stream whole. Throws `BLOB_SIZE` when it has more than `maxBytes`; `what` names it in the message. */
export async function collect(source: ByteStream, maxBytes: number, what = "stream"): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw new DecantError("BLOB_SIZE", `Cannot read ${what}: it has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Bytes as a stream of one chunk. */
export async function* bytesOf(data: Uint8Array | string): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  if (chunk.byteLength > 0) yield chunk;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "12.3 MB": decimal units, as docker prints sizes. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0
    ? `${value} B`
    : `${value.toPrecision(3).includes("e") ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit] ?? "TB"}`;
}

const FACTORS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1e3],
  ["kb", 1e3],
  ["m", 1e6],
  ["mb", 1e6],
  ["g", 1e9],
  ["gb", 1e9],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
]);

/** "80MB", "1.5 GiB" → bytes, in the units of `formatSize` and in binary ones; undefined for what is no size. */
export function parseBytes(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = FACTORS.get(unit.toLowerCase());
  return number === "" || factor === undefined ? undefined : Math.round(Number(number) * factor);
}
