/** The ELF heads of a subject's files, each read once for all checks of an audit. */
import { createShared } from "../../async.ts";
import { type ElfHead, readElfHead } from "../../elf/index.ts";
import type { TreePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles } from "../types.ts";

/** Heads by file. */
interface ElfFiles {
  /** Never throws for what the file holds. */
  head(entry: Entry): Promise<ElfHead>;
}

const filesOf = oncePerFiles<ElfFiles>();

/** The heads of these files; the same object for the same files. */
export function elfFiles(files: AuditFiles): ElfFiles {
  return filesOf(files, () => {
    const heads = createShared<TreePath, ElfHead>({ cancel: "never" });
    return { head: (entry) => heads.run(entry.path, () => readHead(files, entry)) };
  });
}

async function readHead(files: AuditFiles, entry: Entry): Promise<ElfHead> {
  if (entry.kind !== "file") return { kind: "other" };
  return await readElfHead({ size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) });
}
