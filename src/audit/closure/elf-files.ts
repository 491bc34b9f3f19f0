/** The ELF heads of a subject's files, each read once for all checks of an audit. */
import { createShared } from "../../async.ts";
import { type ElfHead, readElfHead } from "../../elf/index.ts";
import type { TreePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** Heads by file. */
interface ElfFiles {
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
  if (entry.kind !== "file") return { kind: "other" };
  return await readElfHead({ size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) });
}
