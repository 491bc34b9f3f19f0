/** ADD of archives that are compressed in several members, followed by something, or damaged (issue item R2). */
import { gzipSync, zstdCompressSync, constants } from "node:zlib";
import { given } from "../../../src/given.ts";
import { tarOf } from "../../support/archive.ts";
import { file } from "../files.ts";
import type { Case } from "../types.ts";

const ARCHIVE = "ARCHIVE";
/** A header and a block, without the end mark of an archive; and an archive that ends. */
const A = tarOf([{ path: "a", content: "a\n" }]).subarray(0, 1024);
const B = tarOf([{ path: "b", content: "b\n" }]);
const NOTHING = Buffer.alloc(0);
const GARBAGE = Buffer.from("garbage!".repeat(20));
const SKIP = Buffer.concat([Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from("hello")]);
/** The same as bzip2 makes them. */
const BZIP2: ReadonlyMap<Buffer, string> = new Map([
  [A, "QlpoOTFBWSZTWbaG/ZAAACLbgMmQQAB1AAAA4AAeAAgIIABUUDTRhGj1BJU8kyG01DGLFdUEP7FiPOao4Dtruk0MIl0NM3Z6LGsqADn8XckU4UJC2hv2QA=="],
  [B, "QlpoOTFBWSZTWQ1eoDYAAG3bgMmQQAB1AAAA8AAeAAgIIABUMo0AAaaCSJGEepphH3tR0IKcAhFmxFSO7TQIYOnIkJ2EXciyDWrvSJWjKzNMkgfF3JFOFCQDV6gNgA=="],
  [NOTHING, "QlpoORdyRThQkAAAAAA="],
]);

type Pack = (plain: Buffer) => Buffer;
const gzip: Pack = (plain) => gzipSync(plain);
const zstd: Pack = (plain) => zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const bzip2: Pack = (plain) => Buffer.from(BZIP2.get(plain) ?? "", "base64");

/** One bit of a byte changed; `at` counts from the end. */
function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(copy.byteLength - at) ^ 1, copy.byteLength - at);
  return copy;
}

function cut(bytes: Buffer, size: number): Buffer {
  return bytes.subarray(0, bytes.byteLength - size);
}

interface Variant extends Pick<Case, "fails"> {
  readonly name: string;
  readonly parts: (pack: Pack) => readonly Buffer[];
}

/** What all formats do alike. */
const VARIANTS: readonly Variant[] = [
  { name: "two members", parts: (pack) => [pack(A), pack(B)] },
  { name: "an empty member first", parts: (pack) => [pack(NOTHING), pack(A), pack(B)] },
  { name: "an empty member in the middle", parts: (pack) => [pack(A), pack(NOTHING), pack(B)] },
  { name: "an empty member last", parts: (pack) => [pack(A), pack(B), pack(NOTHING)] },
  { name: "zeros behind", parts: (pack) => [pack(A), pack(B), Buffer.alloc(1024)] },
  { name: "garbage behind the end mark", parts: (pack) => [pack(A), pack(B), GARBAGE] },
];

const FORMATS: Readonly<Record<string, { readonly pack: Pack; readonly says: string; readonly saysCut: string }>> = {
  gzip: { pack: gzip, says: "gzip: invalid header", saysCut: "unexpected EOF" },
  zstd: { pack: zstd, says: "magic number mismatch", saysCut: "unexpected EOF" },
  bzip2: { pack: bzip2, says: "bad magic value in continuation file", saysCut: "unexpected EOF" },
};

function added(name: string, parts: readonly Buffer[], fails?: Case["fails"]): Case {
  const files = { "a.bin": file(Buffer.concat(parts)) };
  return { name: `R2: ${name}`, dockerfile: "FROM scratch\nADD a.bin /d/\n", files, ...given({ fails }) };
}

export const compressed: readonly Case[] = [
  ...Object.entries(FORMATS).flatMap(([format, { pack, says, saysCut }]): Case[] => [
    ...VARIANTS.map(({ name, parts }) => added(`${format} with ${name}`, parts(pack))),
    added(`${format} with garbage before the end mark`, [pack(A), GARBAGE], { says, code: ARCHIVE }),
    added(`${format} with zeros between members`, [pack(A), Buffer.alloc(512), pack(B)], { says, code: ARCHIVE }),
    added(`${format} whose second member has a wrong first byte`, [pack(A), Buffer.from("Q"), pack(B).subarray(1)], { says, code: ARCHIVE }),
    added(`${format} cut in its second member`, [pack(A), pack(B).subarray(0, 30)], { says: saysCut, code: ARCHIVE }),
  ]),
  added("zstd with a skippable frame first", [SKIP, zstd(A), zstd(B)]),
  added("zstd with a skippable frame in the middle", [zstd(A), SKIP, zstd(B)]),
  added("zstd with a skippable frame last", [zstd(A), zstd(B), SKIP]),
  added("zstd of a skippable frame only is copied", [SKIP]),
  added("bzip2 cut in its first block is copied", [cut(bzip2(A), 20)]),
  added("gzip with a wrong checksum in its first member", [changed(gzip(A), 8), gzip(B)], { says: "gzip: invalid checksum", code: ARCHIVE }),
  added("gzip with a wrong checksum", [changed(gzip(Buffer.concat([A, B])), 8)]),
  added("gzip with a wrong size", [changed(gzip(Buffer.concat([A, B])), 1)]),
  added("zstd with a wrong checksum", [changed(zstd(Buffer.concat([A, B])), 1)]),
  added("gzip without its last byte", [cut(gzip(Buffer.concat([A, B])), 1)]),
  added("a tar with garbage behind its end mark", [A, B, GARBAGE]),
  added("a tar behind the end mark of another", [tarOf([{ path: "a", content: "a\n" }]), B]),
  added("a tar without an end mark", [A]),
  added("a tar cut in a file", [A.subarray(0, 513)], { says: "unexpected EOF", code: "TAR" }),
];
