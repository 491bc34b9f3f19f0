/**
 * /etc/ld.so.cache, which glibc's loader asks before its default directories (glibc, dl-cache.h). Two forms: "ld.so-1.7.0", and
 * "glibc-ld.so.cache1.1", alone or behind the first. Directories named in ld.so.conf count only through this file.
 */
import type { ElfEndian } from "../../elf/index.ts";
import { fromBytes } from "../../paths.ts";

/** One library of the cache. */
export interface CachedLibrary {
  /** "libz.so.1" */
  readonly name: string;
  /** Where ldconfig saw it. */
  readonly path: string;
  /** For processors with more than the baseline only (glibc-hwcaps). */
  readonly needsCapabilities: boolean;
}

const OLD_MAGIC = "ld.so-1.7.0\0";
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const NEW_MAGIC = "glibc-ld.so.cache1.1";
const NEW_HEADER = 48;
const NEW_ENTRY = 24;
const MAX_LIBRARIES = 100_000;
const NUL = 0;

/** Paths by name in the order of the file; undefined when the loader would not take the file, and goes on as if there were none. */
export function parseLdCache(bytes: Uint8Array, endian: ElfEndian): readonly CachedLibrary[] | undefined {
  const start = newFormatAt(bytes, endian);
  if (start !== undefined) return entries(bytes, endian, { start, header: NEW_HEADER, entry: NEW_ENTRY, count: 20, strings: start });
  if (!startsWith(bytes, 0, OLD_MAGIC) || bytes.byteLength < OLD_HEADER) return undefined;
  const count = view(bytes).getUint32(12, endian === "little");
  return entries(bytes, endian, { start: 0, header: OLD_HEADER, entry: OLD_ENTRY, count: 12, strings: OLD_HEADER + count * OLD_ENTRY });
}

interface Form {
  readonly start: number;
  readonly header: number;
  readonly entry: number;
  /** Where the number of libraries is, from the start. */
  readonly count: number;
  /** What offsets of strings count from. */
  readonly strings: number;
}

function entries(bytes: Uint8Array, endian: ElfEndian, form: Form): readonly CachedLibrary[] | undefined {
  const little = endian === "little";
  const data = view(bytes);
  if (bytes.byteLength < form.start + form.header) return undefined;
  const count = data.getUint32(form.start + form.count, little);
  if (count > MAX_LIBRARIES || form.start + form.header + count * form.entry > bytes.byteLength) return undefined;
  const found: CachedLibrary[] = [];
  for (let number = 0; number < count; number += 1) {
    const at = form.start + form.header + number * form.entry;
    const name = text(bytes, form.strings + data.getUint32(at + 4, little));
    const path = text(bytes, form.strings + data.getUint32(at + 8, little));
    // The loader passes over entries whose strings are not inside the file.
    if (name === undefined || path === undefined) continue;
    found.push({ name, path, needsCapabilities: form.entry === NEW_ENTRY && data.getBigUint64(at + 16, little) !== 0n });
  }
  return found;
}

/** Where the new form starts: at once, or behind the old one. */
function newFormatAt(bytes: Uint8Array, endian: ElfEndian): number | undefined {
  if (startsWith(bytes, 0, NEW_MAGIC)) return 0;
  if (!startsWith(bytes, 0, OLD_MAGIC) || bytes.byteLength < OLD_HEADER) return undefined;
  const end = OLD_HEADER + view(bytes).getUint32(12, endian === "little") * OLD_ENTRY;
  const aligned = Math.ceil(end / 8) * 8;
  return startsWith(bytes, aligned, NEW_MAGIC) ? aligned : undefined;
}

function text(bytes: Uint8Array, offset: number): string | undefined {
  if (offset >= bytes.byteLength) return undefined;
  const end = bytes.indexOf(NUL, offset);
  return end < 0 ? undefined : fromBytes(bytes.subarray(offset, end));
}

function startsWith(bytes: Uint8Array, offset: number, magic: string): boolean {
  return offset + magic.length <= bytes.byteLength && fromBytes(bytes.subarray(offset, offset + magic.length)) === magic;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
