/** Layers made of values, for the tests of src/facts. */
import { elfFile, type ElfSpec } from "./elf-file.ts";
import { compareTreePaths } from "../../src/paths.ts";
import type { Layer, LayerItem } from "../../src/tree/index.ts";
import { file, layerOf, type TempStore } from "../../src/tree/testdata/support.ts";

/** The loader of programs for amd64 with glibc. */
export const LOADER = "/lib64/ld-linux-x86-64.so.2";

/** An executable file. */
export function program(path: string, content: Uint8Array | string = "#!"): LayerItem {
  return file(path, content, { mode: 0o755 });
}

/** An executable ELF file. */
export function elf(path: string, spec: ElfSpec): LayerItem {
  return program(path, elfFile(spec));
}

/** A layer of items in any order. */
export async function layer(at: TempStore, ...items: readonly LayerItem[]): Promise<Layer> {
  return await layerOf(at.store, ...items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)));
}
