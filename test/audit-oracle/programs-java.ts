import type { Program } from "./types.ts";
export const JAVA_PACKAGES: readonly string[] = [];
export const JAVA_PROGRAMS: readonly Program[] = [];
