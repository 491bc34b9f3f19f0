/** Says whether an image will run, and what is in it that should not be. */
export type * from "./types.ts";
