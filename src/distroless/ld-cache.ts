/**
 * Writes /etc/ld.so.cache as ldconfig(8) does: the format "glibc-ld.so.cache1.1" (glibc, elf/cache.c and sysdeps/generic/dl-cache.h), which the loader
 * searches by bisection, so the order is part of it. Pure. Subdirectories glibc-hwcaps are not in it.
 */
import type { ElfEndian, ElfMachine } from "../elf/index.ts";
import { toBytes } from "../paths.ts";

/** A library that the loader can find by its soname. Strings are in one-char-per-byte form. */
export interface CachedLibrary {
  /** "libc.so.6" */
  readonly soname: string;
  /** Absolute: "/lib/x86_64-linux-gnu/libc.so.6". */
  readonly path: string;
  /** See `cacheFlags`. */
  readonly flags: number;
}

const MAGIC = "glibc-ld.so.cache1.1";
const HEADER = 48;
const ENTRY = 24;
const EXTENSION_MAGIC = 0xeaa4_2174;
const GENERATOR_TAG = 0;
/** What `ldconfig -p` shows as the maker of the cache. */
export const CACHE_GENERATOR = "decant";
const ENDIAN = { little: 2, big: 3 } as const;

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

/** The bytes of the file. Of two libraries with one soname the first one given is found. */
export function ldCache(libraries: readonly CachedLibrary[], endian: ElfEndian): Buffer {
  const isLittle = endian === "little";
  // Sorting is stable: of equal ones the first stays first.
  const sorted = libraries.toSorted((a, b) => compareLibraryNames(b.soname, a.soname) || b.flags - a.flags);
  const start = HEADER + ENTRY * sorted.length;
  const strings: Buffer[] = [];
  let end = start;
  const add = (text: string): number => {
    const bytes = Buffer.concat([toBytes(text), Buffer.from([0])]);
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
  const generator = Buffer.from(CACHE_GENERATOR, "latin1");
  const out = Buffer.alloc(extension + 24 + generator.byteLength);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, isLittle);
  out.write(MAGIC, "latin1");
  u32(20, sorted.length);
  u32(24, end - start);
  out[28] = ENDIAN[endian];
  u32(32, extension);
  sorted.forEach(({ flags }, at) => {
    const entry = HEADER + ENTRY * at;
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
