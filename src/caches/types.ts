/** Caches that travel: where a build takes results of other machines from, and where it leaves its own. Options as in BuildKit. */
import type { CompressionOptions } from "../image/index.ts";

/** Where results come from. */
export type CacheSource =
  | { readonly type: "registry"; readonly ref: string }
  /** A layout directory. `selector`: a tag or digest; default "latest". */
  | { readonly type: "local"; readonly src: string; readonly selector?: string | undefined };

/** A place for results. */
export type OwnPlace = (
  | { readonly type: "registry"; readonly ref: string }
  /** A layout directory. Default of `tag`: "latest". */
  | { readonly type: "local"; readonly dest: string; readonly tag?: string | undefined }
) & {
  /** "min" (default): the layers of the result. "max": those of all stages, too. */
  readonly mode?: "min" | "max" | undefined;
  /** A cache that cannot be written is a warning, and no error. Default false. */
  readonly ignoreError?: boolean | undefined;
  /** Layers of eStargz hold more than the files that the records promise. */
  readonly compression?: Exclude<CompressionOptions["compression"], "estargz">;
} & Pick<CompressionOptions, "level" | "force">;

/** Where results go: "inline" is the configuration of the image itself, which knows its own layers only. */
export type CacheTarget = OwnPlace | { readonly type: "inline" };
