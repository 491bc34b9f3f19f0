/** Helpers of ops for what their inputs gave. */
import { InternalError } from "../../errors.ts";
import type { LayerSource } from "../../tree/index.ts";
import type { VertexResult } from "../types.ts";

/** The layers of an input that must be layers. */
export function layersOf(result: VertexResult | undefined): readonly LayerSource[] {
  if (result?.kind === "layers") return result.layers;
  throw new InternalError("a step was given a directory where it needs layers");
}
