export * from "./environment.ts";
export type * from "./types.ts";
export * from "./media-types.ts";
export * from "./platform.ts";
export * from "./reference.ts";
export * from "./select.ts";
export * from "./validate.ts";
