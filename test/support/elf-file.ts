/** Makes small ELF files from values: valid for a real loader (`ld.so --list` takes those of the host), with one segment and no section headers. */
import type { ElfFile } from "../../src/elf/index.ts";

/** What to put in; by default a shared library for amd64 that needs nothing. */
export interface ElfSpec extends Partial<Omit<ElfFile, "versionDefinitions" | "isDynamic">> {
  /** Names of versions; the base definition is added from the soname. */
  readonly versionDefinitions?: readonly string[];
  /** Without a dynamic section: a static program. */
  readonly isStatic?: boolean;
}

const TYPES = { relocatable: 1, executable: 2, shared: 3, core: 4, other: 0xff00 } as const;
const NODEFLIB = 0x800;
const PIE = 0x800_0000;

/** The bytes of such a file. */
export function elfFile(spec: ElfSpec = {}): Buffer {
  const { class: bits = 64, endian = "little" } = spec;
  const word = bits === 64 ? 8 : 4;
  const writer = createWriter(word, endian === "little");
  const { u8, u16, u32, words, align, at, patch } = writer;
  const isStatic = spec.isStatic === true;
  const segmentCount = (isStatic ? 1 : 2) + (spec.interpreter === undefined ? 0 : 1) + 1;

  u8(0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, endian === "little" ? 1 : 2, 1, ...Array.from({ length: 9 }, () => 0));
  u16(TYPES[spec.type ?? "shared"], spec.machine ?? 62);
  u32(1);
  words(0, 16 + 24 + 3 * word, 0);
  u32(spec.flags ?? 0);
  u16(16 + 24 + 3 * word, word === 8 ? 56 : 32, segmentCount, 0, 0, 0);
  const segments = at();
  u8(...Array.from({ length: segmentCount * (word === 8 ? 56 : 32) }, () => 0));

  const segment = (number: number, type: number, offset: number, size: number, alignment: number): void => {
    patch(segments + number * (word === 8 ? 56 : 32), () => {
      if (word === 8) {
        u32(type, 6);
        words(offset, offset, offset, size, size, alignment);
      } else u32(type, offset, offset, offset, size, size, 6, alignment);
    });
  };

  const interpreterAt = at();
  if (spec.interpreter !== undefined) u8(...Buffer.from(`${spec.interpreter}\0`, "latin1"));
  const interpreterSize = at() - interpreterAt;
  const strings = createStrings();
  let dynamicAt = 0;
  let dynamicSize = 0;
  if (!isStatic) {
    const tags: (readonly [number, number])[] = [];
    for (const name of spec.needed ?? []) tags.push([1, strings.add(name)]);
    if (spec.soname !== undefined) tags.push([14, strings.add(spec.soname)]);
    if (spec.rpath !== undefined) tags.push([15, strings.add(spec.rpath)]);
    if (spec.runpath !== undefined) tags.push([29, strings.add(spec.runpath)]);
    const flags1 = (spec.noDefaultLibraries === true ? NODEFLIB : 0) + (spec.isPie === true ? PIE : 0);
    if (flags1 !== 0) tags.push([0x6fff_fffb, flags1]);
    align(8);
    if ((spec.versionNeeds ?? []).length > 0) {
      tags.push([0x6fff_fffe, at()], [0x6fff_ffff, (spec.versionNeeds ?? []).length]);
      putNeeds(writer, strings, spec);
    }
    align(8);
    if ((spec.versionDefinitions ?? []).length > 0) {
      tags.push([0x6fff_fffc, at()], [0x6fff_fffd, (spec.versionDefinitions ?? []).length + 1]);
      putDefinitions(writer, strings, spec);
    }
    align(8);
    // A table of symbols with the one that means none, its hash table and its versions: loaders insist on the first two.
    tags.push([6, at()], [11, word === 8 ? 24 : 16]);
    u8(...Array.from({ length: word === 8 ? 24 : 16 }, () => 0));
    tags.push([4, at()]);
    u32(1, 1, 0, 0);
    tags.push([0x6fff_fff0, at()]);
    u16(0);
    tags.push([5, at()]);
    u8(...Buffer.from(strings.text(), "latin1"));
    tags.push([10, strings.text().length]);
    align(8);
    dynamicAt = at();
    for (const [tag, value] of [...tags, [0, 0] as const]) words(tag, value);
    dynamicSize = at() - dynamicAt;
  }
  let number = 0;
  const next = (): number => (number += 1) - 1;
  // PT_INTERP must come before the segments that are loaded.
  if (spec.interpreter !== undefined) segment(next(), 3, interpreterAt, interpreterSize, 1);
  segment(next(), 1, 0, at(), 0x1_0000);
  if (!isStatic) segment(next(), 2, dynamicAt, dynamicSize, 8);
  segment(next(), 0x6474_e551, 0, 0, 16);
  return writer.bytes();
}

type Put = (...values: readonly number[]) => void;

/** Appends numbers in the file's byte order. */
interface Writer {
  readonly u8: Put;
  readonly u16: Put;
  readonly u32: Put;
  readonly words: Put;
  readonly at: () => number;
  readonly align: (to: number) => void;
  /** What `fn` puts overwrites what is at `offset`. */
  readonly patch: (offset: number, fn: () => void) => void;
  readonly bytes: () => Buffer;
}

/** A string table. */
interface Strings {
  add(text: string): number;
  text(): string;
}

function putNeeds({ u16, u32 }: Writer, strings: Strings, spec: ElfSpec): void {
  const needs = spec.versionNeeds ?? [];
  let version = 2;
  for (const [place, { library, versions }] of needs.entries()) {
    u16(1, versions.length);
    u32(strings.add(library), 16, place === needs.length - 1 ? 0 : 16 + 16 * versions.length);
    for (const [inside, { name, weak }] of versions.entries()) {
      u32(hash(name));
      u16(weak ? 2 : 0, version);
      u32(strings.add(name), inside === versions.length - 1 ? 0 : 16);
      version += 1;
    }
  }
}

function putDefinitions({ u16, u32 }: Writer, strings: Strings, spec: ElfSpec): void {
  const names = [spec.soname ?? "", ...(spec.versionDefinitions ?? [])];
  for (const [place, name] of names.entries()) {
    u16(1, place === 0 ? 1 : 0, place + 1, 1);
    u32(hash(name), 20, place === names.length - 1 ? 0 : 28);
    u32(strings.add(name), 0);
  }
}

/** The System V hash of names. */
function hash(name: string): number {
  let value = 0;
  for (const byte of Buffer.from(name, "latin1")) {
    value = (value << 4) + byte;
    const high = value & 0xf000_0000;
    value = (value ^ (high >>> 24)) & ~high;
  }
  return value >>> 0;
}

function createStrings(): Strings {
  let all = "\0";
  return {
    add(text) {
      const known = all.indexOf(`\0${text}\0`);
      if (known >= 0) return known + 1;
      all += `${text}\0`;
      return all.length - text.length - 1;
    },
    text: () => all,
  };
}

function createWriter(word: 4 | 8, little: boolean): Writer {
  const bytes: number[] = [];
  let patching: number | undefined;
  const put = (value: number, size: number): void => {
    for (let place = 0; place < size; place += 1) {
      const shift = little ? place : size - 1 - place;
      const byte = Math.floor(value / 2 ** (8 * shift)) % 256;
      if (patching === undefined) bytes.push(byte);
      else bytes[(patching += 1) - 1] = byte;
    }
  };
  const many =
    (size: number) =>
    (...values: readonly number[]): void => {
      for (const value of values) put(value, size);
    };
  return {
    u8: many(1),
    u16: many(2),
    u32: many(4),
    words: many(word),
    at: (): number => bytes.length,
    align: (to: number): void => {
      while (bytes.length % to !== 0) bytes.push(0);
    },
    patch: (offset: number, fn: () => void): void => {
      patching = offset;
      fn();
      patching = undefined;
    },
    bytes: (): Buffer => Buffer.from(bytes),
  };
}
