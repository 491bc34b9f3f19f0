/** Reads of an ELF file what a dynamic loader needs. Bounded in time and memory whatever the file says. */
import { createBlocks } from "./blocks.ts";
import { type Dynamic, TAG, readDynamic } from "./dynamic.ts";
import { elfError } from "./errors.ts";
import { readHeader, readSegments } from "./header.ts";
import type { ElfFile, ElfReader } from "./types.ts";
import { readVersionDefinitions, readVersionNeeds } from "./versions.ts";

/** PT_INTERP */
const INTERPRETER = 3;
/** DF_1_NODEFLIB */
const NO_DEFAULT_LIBRARIES = 0x800;
/** DF_1_PIE */
const PIE = 0x800_0000;
const MAX_NEEDED = 4096;
/** PATH_MAX, which Linux checks. */
const MAX_INTERPRETER = 4096;

/** The file, or undefined when it does not start with ELF's magic. Throws `ELF` for one that is damaged, and what the reader throws. */
export async function readElf(reader: ElfReader): Promise<ElfFile | undefined> {
  const blocks = createBlocks(reader);
  const header = await readHeader(blocks);
  if (header === undefined) return undefined;
  const segments = await readSegments(blocks, header);
  const dynamic = await readDynamic(blocks, header, segments);
  const interpreter = segments.find(({ type, fileSize }) => type === INTERPRETER && fileSize > 0);
  const flags1 = Number(BigInt(dynamic?.value(TAG.flags1) ?? 0) & 0xffff_ffffn);
  const needed = dynamic?.values(TAG.needed) ?? [];
  if (needed.length > MAX_NEEDED) throw elfError(`it needs ${needed.length} libraries; at most ${MAX_NEEDED} are looked at`);
  if (interpreter !== undefined && interpreter.fileSize > MAX_INTERPRETER) {
    throw elfError(`its interpreter's name is ${interpreter.fileSize} bytes long; Linux takes ${MAX_INTERPRETER}`);
  }
  return {
    class: header.class,
    endian: header.endian,
    machine: header.machine,
    flags: header.flags,
    type: header.type,
    ...(interpreter === undefined
      ? {}
      : { interpreter: await blocks.string(interpreter.offset, interpreter.offset + interpreter.fileSize) }),
    isDynamic: dynamic !== undefined,
    needed: dynamic === undefined ? [] : await texts(dynamic, needed),
    ...(await optionalText("soname", dynamic, TAG.soname)),
    ...(await optionalText("rpath", dynamic, TAG.rpath)),
    ...(await optionalText("runpath", dynamic, TAG.runpath)),
    noDefaultLibraries: (flags1 & NO_DEFAULT_LIBRARIES) !== 0,
    isPie: (flags1 & PIE) !== 0,
    versionNeeds: dynamic === undefined ? [] : await readVersionNeeds(blocks, header, dynamic),
    versionDefinitions: dynamic === undefined ? [] : await readVersionDefinitions(blocks, header, dynamic),
  };
}

async function texts(dynamic: Dynamic, offsets: readonly number[]): Promise<readonly string[]> {
  const out: string[] = [];
  for (const offset of offsets) out.push(await dynamic.text(offset));
  return out;
}

async function optionalText<Name extends "soname" | "rpath" | "runpath">(
  name: Name,
  dynamic: Dynamic | undefined,
  tag: number,
): Promise<Partial<Record<Name, string>>> {
  const offset = dynamic?.value(tag);
  if (dynamic === undefined || offset === undefined) return {};
  const out: Partial<Record<Name, string>> = {};
  out[name] = await dynamic.text(offset);
  return out;
}
