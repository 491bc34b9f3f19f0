/** Tries files as libraries in the order of a search, as the loader opens them. */
import { type ElfMachine, isForMachine, machineName } from "../../elf/index.ts";
import { fileAt } from "../../facts/index.ts";
import type { AuditFiles } from "../types.ts";
import { elfFiles } from "./elf-files.ts";
import type { RefusedFile, SearchResult } from "./types.ts";

/**
 * The first path that is a library for the machine. `passOver`: a file for another machine does not end the search (glibc); without it
 * the first file there is ends it (musl).
 */
export async function firstLibrary(
  files: AuditFiles,
  machine: ElfMachine,
  paths: Iterable<string>,
  options: { readonly passOver: boolean },
): Promise<SearchResult> {
  const refused: RefusedFile[] = [];
  const heads = elfFiles(files);
  for (const path of paths) {
    const entry = fileAt(files, path);
    if (entry === undefined) continue;
    const head = await heads.head(entry);
    switch (head.kind) {
      case "other":
        refused.push({ path, why: "not-elf", problem: entry.size === 0 ? "it is empty" : "it is no ELF file" });
        return { kind: "missing", refused };
      case "damaged":
        refused.push({ path, why: "damaged", problem: head.problem });
        return { kind: "missing", refused };
      case "elf":
        if (isForMachine(head.elf, machine)) return { kind: "found", path, entry, elf: head.elf };
        refused.push({ path, why: "architecture", problem: `it is for ${machineName(head.elf)}` });
        if (!options.passOver) return { kind: "missing", refused };
        break;
      default:
        head satisfies never;
    }
  }
  return { kind: "missing", refused };
}
