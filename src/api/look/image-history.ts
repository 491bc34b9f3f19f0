/** How an image was made, step by step. */
import type { Digest } from "../../digest.ts";
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { instructionOf, unpackedSize } from "../../image/index.ts";
import { openSession } from "../../context/index.ts";
import { maybe, STORE, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { startRun } from "../run-handle.ts";
import type { Run } from "../types.ts";
import { type LookOptions, openLook } from "./open-tree.ts";

/** A step that made an image. */
export interface ImageStep {
  /** The instruction of the Dockerfile, as people write it: "RUN apt-get update". What the image says is `createdBy`. */
  readonly instruction: string;
  readonly createdBy: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly comment?: string;
  /** Its layer; absent for a step that changes the configuration only, and where the history does not fit the layers. */
  readonly layer?: Digest;
  /** Files of the layer, unpacked, in bytes; 0 without a layer. Absent where the bytes of the layer are not in the store. */
  readonly sizeBytes?: number;
}

const OPTIONS: Shape = shapeOf<LookOptions>("imageHistory", { ...STORE, image: text, platform: maybe(text), cwd: maybe(text) });

/** The steps of an image, the first one first. Rejects as `openNamedSource`. */
export function imageHistory(options: LookOptions): Run<readonly ImageStep[]> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options, "look");
    const source = await openLook(options, "history", { session, emit, signal });
    if (source.kind === "directory") throw usageError(`Cannot show the history of "${options.image}": it is a folder; wanted an image`);
    const { config, manifest, layers } = source.image;
    const history = config.history ?? [];
    const fits = history.filter((entry) => entry.empty_layer !== true).length === layers.length;
    const steps: ImageStep[] = [];
    let next = 0;
    for (const { created_by: createdBy = "", created, comment, empty_layer: isEmpty = false } of history) {
      const at = isEmpty || !fits ? undefined : next++;
      const layer = at === undefined ? undefined : layers[at];
      steps.push({
        instruction: instructionOf(createdBy),
        createdBy,
        ...given({
          created,
          comment: comment === "" ? undefined : comment,
          layer: at === undefined ? undefined : manifest.layers[at]?.digest,
          sizeBytes: layer === undefined ? (fits ? 0 : undefined) : await unpackedSize(session.store, [layer], signal),
        }),
      });
    }
    return steps;
  });
}
