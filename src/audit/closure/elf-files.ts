/** The ELF heads of a subject's files, each read once for all checks of an audit. */
import { createShared } from "../../async.ts";
import { ELF_MAGIC_BYTES, type ElfFile, type ElfReader, isElf, readElf } from "../../elf/index.ts";
import { isDecantError } from "../../errors.ts";
import type { TreePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** What a file is to a loader: ELF, damaged (the end of a sentence says how), or none. */
export type ElfHead =
  | { readonly kind: "elf"; readonly elf: ElfFile }
  | { readonly kind: "damaged"; readonly problem: string }
  | { readonly kind: "other" };

/** Heads by file. */
export interface ElfFiles {
  /** Never throws for what the file holds. */
  head(entry: Entry): Promise<ElfHead>;
}

const known = new WeakMap<AuditFiles, ElfFiles>();

/** The heads of these files; the same object for the same files. */
export function elfFiles(files: AuditFiles): ElfFiles {
  const existing = known.get(files);
  if (existing !== undefined) return existing;
  const heads = createShared<TreePath, ElfHead>({ cancel: "never" });
  const made: ElfFiles = { head: (entry) => heads.run(entry.path, () => readHead(files, entry)) };
  known.set(files, made);
  return made;
}

async function readHead(files: AuditFiles, entry: Entry): Promise<ElfHead> {
  if (entry.kind !== "file" || entry.size < ELF_MAGIC_BYTES) return { kind: "other" };
  if (!isElf(await files.bytes(entry, ELF_MAGIC_BYTES))) return { kind: "other" };
  const reader: ElfReader = { size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) };
  try {
    const elf = await readElf(reader);
    return elf === undefined ? { kind: "other" } : { kind: "elf", elf };
  } catch (error) {
    if (!isDecantError(error, "ELF")) throw error;
    return { kind: "damaged", problem: error.message.replace(/^Cannot read ELF file: /, "") };
  }
}
