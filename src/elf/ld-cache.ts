/**
 * /etc/ld.so.cache, read and written (glibc, elf/cache.c, elf/dl-cache.c and sysdeps/generic/dl-cache.h). Its two forms: "ld.so-1.7.0", and
 * "glibc-ld.so.cache1.1", alone or behind the first. The loader searches by bisection, so the order is part of it. Pure.
 */
import { fromBytes, toBytes } from "../paths.ts";
import type { ElfMachine } from "./machines.ts";
import type { ElfEndian } from "./types.ts";

/** A library that the loader can find by its soname. Strings are in one-char-per-byte form. */
export interface CachedLibrary {
  /** "libc.so.6" */
  readonly soname: string;
  /** Absolute, where ldconfig saw it: "/lib/x86_64-linux-gnu/libc.so.6". */
  readonly path: string;
  /** See `cacheFlags`. */
  readonly flags: number;
}

/** A library of a cache that was read. */
export interface LdCacheEntry extends CachedLibrary {
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
/** Longer than any path. */
const MAX_TEXT_BYTES = 4097;
const EXTENSION_MAGIC = 0xeaa4_2174;
const GENERATOR_TAG = 0;
/** What `ldconfig -p` shows as the maker of a cache of ours. */
const GENERATOR = "decant";
const ENDIAN = { little: 2, big: 3 } as const;
const NUL = 0;

/** FLAG_ELF_LIBC6 and the mark of the ABI, by Debian's triplet. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ["x86_64-linux-gnu", 0x0303],
  ["i386-linux-gnu", 0x0003],
  ["aarch64-linux-gnu", 0x0a03],
  ["arm-linux-gnueabihf", 0x0903],
  ["powerpc64le-linux-gnu", 0x0503],
  ["s390x-linux-gnu", 0x0403],
  ["riscv64-linux-gnu", 0x1003],
  ["loongarch64-linux-gnu", 0x1203],
]);

/** The mark of an architecture's libraries: its loader takes entries with this one only. Undefined for architectures that we do not know it of. */
export function cacheFlags(machine: ElfMachine): number | undefined {
  return FLAGS.get(machine.triplet);
}

/** The libraries in the order of the file; undefined when the loader would not take the file, and goes on as if there were none. */
export function parseLdCache(bytes: Uint8Array, endian: ElfEndian): readonly LdCacheEntry[] | undefined {
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

function entries(bytes: Uint8Array, endian: ElfEndian, form: Form): readonly LdCacheEntry[] | undefined {
  const little = endian === "little";
  const data = view(bytes);
  if (bytes.byteLength < form.start + form.header) return undefined;
  const count = data.getUint32(form.start + form.count, little);
  if (count > MAX_LIBRARIES || form.start + form.header + count * form.entry > bytes.byteLength) return undefined;
  const found: LdCacheEntry[] = [];
  for (let number = 0; number < count; number += 1) {
    const at = form.start + form.header + number * form.entry;
    const soname = text(bytes, form.strings + data.getUint32(at + 4, little));
    const path = text(bytes, form.strings + data.getUint32(at + 8, little));
    // The loader passes over entries whose strings are not inside the file.
    if (soname === undefined || path === undefined) continue;
    found.push({
      soname,
      path,
      flags: data.getUint32(at, little),
      needsCapabilities: form.entry === NEW_ENTRY && data.getBigUint64(at + 16, little) !== 0n,
    });
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
  // All entries may name one text: a long one, taken as often, would fill the memory.
  const end = bytes.subarray(offset, offset + MAX_TEXT_BYTES).indexOf(NUL);
  return end < 0 ? undefined : fromBytes(bytes.subarray(offset, offset + end));
}

function startsWith(bytes: Uint8Array, offset: number, magic: string): boolean {
  return offset + magic.length <= bytes.byteLength && fromBytes(bytes.subarray(offset, offset + magic.length)) === magic;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of a cache in the new form. Of two libraries with one soname the first one given is found. Subdirectories glibc-hwcaps are not in it. */
export function formatLdCache(libraries: readonly CachedLibrary[], endian: ElfEndian): Buffer {
  const isLittle = endian === "little";
  // Sorting is stable: of equal ones the first stays first.
  const sorted = libraries.toSorted((a, b) => compareLibraryNames(b.soname, a.soname) || b.flags - a.flags);
  const start = NEW_HEADER + NEW_ENTRY * sorted.length;
  const strings: Buffer[] = [];
  let end = start;
  const add = (value: string): number => {
    const bytes = Buffer.concat([toBytes(value), Buffer.from([NUL])]);
    strings.push(bytes);
    end += bytes.byteLength;
    return end - bytes.byteLength;
  };
  const places = sorted.map(({ soname, path }) => {
    const value = add(path);
    // Nearly every path ends with the soname, which then needs no bytes of its own.
    return { value, key: path.endsWith(soname) ? value + path.length - soname.length : add(soname) };
  });
  const extension = Math.ceil(end / 4) * 4;
  const generator = Buffer.from(GENERATOR, "latin1");
  const out = Buffer.alloc(extension + 24 + generator.byteLength);
  const data = view(out);
  const u32 = (at: number, value: number): void => data.setUint32(at, value, isLittle);
  out.write(NEW_MAGIC, "latin1");
  u32(20, sorted.length);
  u32(24, end - start);
  out[28] = ENDIAN[endian];
  u32(32, extension);
  sorted.forEach(({ flags }, at) => {
    const entry = NEW_HEADER + NEW_ENTRY * at;
    u32(entry, flags);
    u32(entry + 4, places[at]?.key ?? 0);
    u32(entry + 8, places[at]?.value ?? 0);
  });
  out.set(Buffer.concat(strings), start);
  u32(extension, EXTENSION_MAGIC);
  u32(extension + 4, 1);
  u32(extension + 8, GENERATOR_TAG);
  u32(extension + 16, extension + 24);
  u32(extension + 20, generator.byteLength);
  out.set(generator, extension + 24);
  return out;
}

/** Is this a cache that `formatLdCache` made? */
export function isOwnLdCache(bytes: Uint8Array): boolean {
  return fromBytes(bytes.subarray(-GENERATOR.length)) === GENERATOR;
}

/** The order of the cache: runs of digits count as numbers and come after every other byte. The loader's search has the same rule. */
export function compareLibraryNames(a: string, b: string): number {
  let at = 0;
  let other = 0;
  while (at < a.length) {
    const left = digitsAt(a, at);
    const right = digitsAt(b, other);
    if (left !== "" && right !== "") {
      if (Number(left) !== Number(right)) return Number(left) - Number(right);
      at += left.length;
      other += right.length;
    } else if (left !== "" || right !== "") {
      return left === "" ? -1 : 1;
    } else {
      const difference = codeAt(a, at) - codeAt(b, other);
      if (difference !== 0) return difference;
      at += 1;
      other += 1;
    }
  }
  return codeAt(a, at) - codeAt(b, other);
}

function digitsAt(text: string, at: number): string {
  let end = at;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return text.slice(at, end);
}

/** 0 at the end, as of a string of C. */
function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}
