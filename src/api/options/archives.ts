/** The options of the functions on archives and names. */
import type { LoadImagesOptions, SaveImagesOptions, TagImageOptions } from "../types.ts";
import { call, list, maybe, oneOf, STORE, stream, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Of `tagImage`. */
export const TAG: Shape = shapeOf<TagImageOptions>("tagImage", { ...STORE, image: text, names: list(text), cwd: maybe(text) });
/** Of `saveImages`. */
export const SAVE: Shape = shapeOf<SaveImagesOptions>("saveImages", {
  ...STORE,
  images: list(text),
  dest: text,
  format: maybe(oneOf("docker", "oci")),
  platform: maybe(text),
  stdout: maybe(call),
  cwd: maybe(text),
});
/** Of `loadImages`. */
export const LOAD: Shape = shapeOf<LoadImagesOptions>("loadImages", { ...STORE, file: text, stdin: maybe(stream) });
