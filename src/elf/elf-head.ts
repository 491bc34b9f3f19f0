/** The head of any file: whether it is an ELF file, and what a loader needs of it. */
import { isDecantError } from "../errors.ts";
import type { Entry, Tree } from "../tree/index.ts";
import { readElf } from "./read-elf.ts";
import { treeElfReader } from "./tree-reader.ts";
import type { ElfFile, ElfReader } from "./types.ts";

/** What a file is to a loader: ELF, damaged (the end of a sentence says how), or none. */
export type ElfHead =
  | { readonly kind: "elf"; readonly elf: ElfFile }
  | { readonly kind: "damaged"; readonly problem: string }
  | { readonly kind: "other" };

/** Reads the head of a file. Throws what the reader throws, and nothing for what the file holds. */
export async function readElfHead(reader: ElfReader): Promise<ElfHead> {
  try {
    const elf = await readElf(reader);
    return elf === undefined ? { kind: "other" } : { kind: "elf", elf };
  } catch (error) {
    if (!isDecantError(error, "ELF")) throw error;
    return { kind: "damaged", problem: error.message.replace(/^Cannot read ELF file: /, "") };
  }
}

/** The ELF file that an entry of a tree is; undefined for any other, and for a damaged one. Throws what reading the tree throws. */
export async function treeElf(tree: Tree, entry: Entry): Promise<ElfFile | undefined> {
  if (entry.kind !== "file") return undefined;
  const head = await treeElfHead(tree, entry);
  return head.kind === "elf" ? head.elf : undefined;
}

/** The head of a file of a tree. Throws what reading the tree throws. */
export async function treeElfHead(tree: Tree, file: Entry): Promise<ElfHead> {
  return await readElfHead(await treeElfReader(tree, file));
}
