/** All libraries of a subject by name, whether or not a loader would look where they are. */
import { type ElfFile, type ElfMachine, isForMachine } from "../../elf/index.ts";
import { isExecutable, isLibraryName } from "../../facts/index.ts";
import { baseName } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles } from "../types.ts";
import { elfFiles } from "./elf-files.ts";

/** An ELF file of the image that a loader can be given. */
export interface ElfEntry {
  readonly entry: Entry;
  readonly elf: ElfFile;
}

/** What was found in one walk. */
export interface ImageLibraries {
  /** Programs and libraries, each file under its own path. */
  readonly objects: readonly ElfEntry[];
  /** Files that start as ELF files do and are none. */
  readonly damaged: readonly { readonly entry: Entry; readonly problem: string }[];
  /** Where a library of this name is, for the right machine; links count. */
  placeOf(name: string): Entry | undefined;
  /** A link of this name that leads nowhere. */
  danglingLink(name: string): Entry | undefined;
}

const librariesOf = oncePerFiles<Promise<ImageLibraries>>();

/** Looks at the heads of files that are executable or are called as libraries are; once for all checks. */
export function imageLibraries(files: AuditFiles, machine: ElfMachine, signal?: AbortSignal): Promise<ImageLibraries> {
  return librariesOf(files, () => collect(files, machine, signal));
}

async function collect(files: AuditFiles, machine: ElfMachine, signal: AbortSignal | undefined): Promise<ImageLibraries> {
  const heads = elfFiles(files);
  const objects: ElfEntry[] = [];
  const damaged: { readonly entry: Entry; readonly problem: string }[] = [];
  const byName = new Map<string, Entry>();
  const links: Entry[] = [];
  for (const entry of files.entries) {
    const name = baseName(entry.path);
    const isLibrary = isLibraryName(name);
    if (entry.kind === "symlink" && isLibrary) links.push(entry);
    if (entry.kind !== "file" || (!isLibrary && !isExecutable(entry.mode))) continue;
    signal?.throwIfAborted();
    const head = await heads.head(entry);
    if (head.kind === "damaged") damaged.push({ entry, problem: head.problem });
    if (head.kind !== "elf" || (head.elf.type !== "shared" && head.elf.type !== "executable")) continue;
    objects.push({ entry, elf: head.elf });
    if (head.elf.type !== "shared" || !isForMachine(head.elf, machine)) continue;
    for (const one of [name, head.elf.soname ?? name]) if (!byName.has(one)) byName.set(one, entry);
  }
  const dangling = new Map<string, Entry>();
  const right = new Set([...byName.values()].map(({ path }) => path));
  for (const link of links) {
    const target = files.resolve(link.path);
    if (target === undefined) dangling.set(baseName(link.path), link);
    if (target !== undefined && right.has(target.path) && !byName.has(baseName(link.path))) byName.set(baseName(link.path), link);
  }
  return { objects, damaged, placeOf: (name) => byName.get(name), danglingLink: (name) => dangling.get(name) };
}
