/** Reads kept facts back. A record of another shape counts as none. */
import * as v from "valibot";
import { given } from "../given.ts";
import { cleanTreePath, type TreePath } from "../paths.ts";
import type { CopyFacts, TreeFacts } from "./types.ts";

const Kind = v.picklist(["glibc", "musl"]);
const Tree = v.object({
  os: v.optional(v.string()),
  hasShell: v.boolean(),
  libcs: v.array(v.object({ kind: Kind, version: v.optional(v.string()) })),
  loaders: v.array(v.string()),
  tools: v.array(v.object({ name: v.string(), kind: v.picklist(["compiler", "package-manager"]), path: v.string(), layer: v.number() })),
});
const Copy = v.object({
  sizeBytes: v.number(),
  files: v.number(),
  parts: v.array(
    v.object({
      path: v.string(),
      kind: v.picklist(["development packages", "sources", "tests", "history of git", "intermediate files", "caches"]),
      sizeBytes: v.number(),
      largest: v.array(v.object({ name: v.string(), sizeBytes: v.number() })),
      count: v.number(),
      wholeBytes: v.number(),
    }),
  ),
  needs: v.array(
    v.object({ path: v.string(), kind: Kind, architecture: v.string(), loader: v.optional(v.string()), version: v.optional(v.string()) }),
  ),
});

const Paths = v.array(v.string());

/** Facts of a tree, or undefined. */
export function decodeTreeFacts(value: unknown): TreeFacts | undefined {
  const result = v.safeParse(Tree, value);
  if (!result.success) return undefined;
  const { os, libcs, hasShell, loaders, tools } = result.output;
  return {
    ...given({ os }),
    hasShell,
    libcs: libcs.map(({ kind, version }) => ({ kind, ...given({ version }) })),
    loaders,
    tools,
  };
}

/** Facts of a copy, or undefined. */
export function decodeCopyFacts(value: unknown): CopyFacts | undefined {
  const result = v.safeParse(Copy, value);
  if (!result.success) return undefined;
  const needs = result.output.needs.map(({ path, kind, architecture, loader, version }) => ({
    path,
    kind,
    architecture,
    ...given({ loader, version }),
  }));
  return { ...result.output, needs };
}

/** Paths of a layer, or undefined. */
export function decodePaths(value: unknown): readonly TreePath[] | undefined {
  const result = v.safeParse(Paths, value);
  return result.success ? result.output.map(cleanTreePath) : undefined;
}
