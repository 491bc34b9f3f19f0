/** GNU symbol versions (LSB core, "Symbol Versioning"): which versions a file wants of which library, and which it has. */
import type { Blocks } from "./blocks.ts";
import { type Dynamic, TAG } from "./dynamic.ts";
import { elfError } from "./errors.ts";
import { type Fields, type Layout, fields } from "./header.ts";
import type { LibraryVersions, VersionNeed } from "./types.ts";

/** VER_FLG_BASE: the definition that is the library itself. */
const BASE = 1;
/** VER_FLG_WEAK */
const WEAK = 2;
const NEED_SIZE = 16;
const NEED_VERSION_SIZE = 16;
const DEFINITION_SIZE = 20;
const NAME_SIZE = 8;
/** All records of one file together; large libraries have some hundred. */
const MAX_RECORDS = 20_000;

/** Versions that the file wants (DT_VERNEED). Throws `ELF`. */
export async function readVersionNeeds(blocks: Blocks, layout: Layout, dynamic: Dynamic): Promise<readonly LibraryVersions[]> {
  const address = dynamic.value(TAG.versionNeeds);
  if (address === undefined) return [];
  const next = chain(blocks, layout, dynamic.offsetOf(address, "the table of needed versions"));
  const needs: LibraryVersions[] = [];
  for (let left = dynamic.value(TAG.versionNeedCount) ?? 0, at = 0; left > 0; left -= 1) {
    const need = await next(at, NEED_SIZE);
    const versions: VersionNeed[] = [];
    for (let count = need.u16(2), inside = at + need.u32(8); count > 0; count -= 1) {
      const version = await next(inside, NEED_VERSION_SIZE);
      versions.push({ name: await dynamic.text(version.u32(8)), weak: (version.u16(4) & WEAK) !== 0 });
      if (version.u32(12) === 0) break;
      inside += version.u32(12);
    }
    needs.push({ library: await dynamic.text(need.u32(4)), versions });
    if (need.u32(12) === 0) break;
    at += need.u32(12);
  }
  return needs;
}

/** Versions that the file has (DT_VERDEF), without its own name. Throws `ELF`. */
export async function readVersionDefinitions(blocks: Blocks, layout: Layout, dynamic: Dynamic): Promise<readonly string[]> {
  const address = dynamic.value(TAG.versionDefinitions);
  if (address === undefined) return [];
  const next = chain(blocks, layout, dynamic.offsetOf(address, "the table of version definitions"));
  const names: string[] = [];
  for (let left = dynamic.value(TAG.versionDefinitionCount) ?? 0, at = 0; left > 0; left -= 1) {
    const definition = await next(at, DEFINITION_SIZE);
    // The first name is the version's own; those that follow are its parents.
    if ((definition.u16(2) & BASE) === 0 && definition.u16(6) > 0) {
      const name = await next(at + definition.u32(12), NAME_SIZE);
      names.push(await dynamic.text(name.u32(0)));
    }
    if (definition.u32(16) === 0) break;
    at += definition.u32(16);
  }
  return names;
}

/** Reads records that say where the next one is: counted, since those of a hostile list may overlap. */
function chain(blocks: Blocks, layout: Layout, start: number): (at: number, size: number) => Promise<Fields> {
  let records = 0;
  return async (at, size) => {
    records += 1;
    if (records > MAX_RECORDS) throw elfError(`it has more than ${MAX_RECORDS} records of versions`);
    return fields(await blocks.bytes(start + at, size, "a record of versions"), layout);
  };
}
