/** What rules may know of file systems: of base images that are here, and of what a build made. Plain values of `facts/`, so that rules stay pure. */
import type { CopyFacts, TreeFacts } from "../../facts/index.ts";
import type { Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";

/** What a build made. */
export interface BuiltFacts {
  /** The finished target; undefined where its base was never downloaded. */
  readonly target: TreeFacts | undefined;
  /** Where in the file the layers of the target come from; undefined for layers of its base. */
  readonly layers: readonly (SourceRange | undefined)[];
  /** By the range of the instruction. */
  readonly copies: ReadonlyMap<SourceRange, CopyFacts>;
}

/** Facts of a base image; undefined where it is not here. */
export type ImageFactsOf = (name: string, platform: Platform) => TreeFacts | undefined;
