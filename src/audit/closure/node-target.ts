/** What an import of Node.js leads to. */
import type { Entry } from "../../tree/index.ts";

/** Files are those behind links, as Node.js keeps them. */
export type NodeTarget =
  | { readonly kind: "file"; readonly entry: Entry }
  | { readonly kind: "builtin" }
  /** Not in the file system: "data:", "https:". */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "missing" };

/** Nothing. */
export const MISSING: NodeTarget = { kind: "missing" };
