export { build } from "./build.ts";
export { runImage } from "./container.ts";
export { inspectImage, listImages, pruneStore, removeImages } from "./images.ts";
export { type ImportImageOptions, importImage, pullImage, pushImage } from "./transfer.ts";
export type * from "./types.ts";
