import type { Program } from "./types.ts";
export const NPM_PACKAGES: readonly string[] = [];
export const NODE_PROGRAMS: readonly Program[] = [];
