/** `exportFiles`: the files of an image as one tar, as it runs: upper layers over lower ones, and nothing that they removed. */
import { imageContext, openSession } from "../../context/index.ts";
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { exportImage } from "../../image/index.ts";
import { step } from "../../step.ts";
import { call, maybe, STORE, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { startRun } from "../run-handle.ts";
import type { Run } from "../types.ts";
import { type LookOptions, openLook } from "./open-tree.ts";

/** Options of `exportFiles`. */
export interface ExportFilesOptions extends LookOptions {
  /** Path of the tar; "-" gives it to `stdout`. */
  readonly dest: string;
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
}

const OPTIONS: Shape = shapeOf<ExportFilesOptions>("exportFiles", {
  ...STORE,
  image: text,
  platform: maybe(text),
  cwd: maybe(text),
  dest: text,
  stdout: maybe(call),
});

/** Writes the tar; gives its absolute path where it is a file. Rejects with `EXPORT`, `USAGE`, and as `openNamedSource`. */
export function exportFiles(options: ExportFilesOptions): Run<{ readonly path?: string }> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const { image: name, dest, stdout, cwd } = options;
    await using session = await openSession(options, "look");
    const source = await openLook(options, "export", { session, emit, signal });
    if (source.kind === "directory") throw usageError(`Cannot export "${name}": it is a folder; wanted an image`, "Use tar");
    const { config, layers } = source.image;
    const { os, architecture, variant, created } = config;
    const image = {
      platform: { os, architecture, ...given({ variant }) },
      base: config,
      config: config.config ?? {},
      history: config.history ?? [],
      layers,
      ...given({ created }),
    };
    const context = { ...imageContext(session, emit, "export", signal), stdout, cwd };
    const written = await step(emit, { vertex: "export", name: `exporting ${name}` }, signal, () =>
      exportImage([image], { type: "tar", dest }, context),
    );
    return given({ path: written.path });
  });
}
