/** Caches that travel: results of builds in registries and folders. */
export { checkMounts, exportCaches, openTargets } from "./export.ts";
export { inlineCache } from "./inline.ts";
export { importCaches } from "./import.ts";
export { shareResults } from "./shared.ts";
export type { CacheSource, CacheTarget, GhaPlace, S3Place } from "./types.ts";
