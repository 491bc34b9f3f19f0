/** The options of the functions on distroless bases. */
import type { BaseOptions, BuildBaseOptions, LockedBaseOptions, ShowBaseOptions } from "../base/types.ts";
import { call, count, DEBIAN, type Fields, flag, list, maybe, outputs, STORE, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Of every call on a base. */
export const BASE: Fields<BaseOptions> = { ...STORE, ...DEBIAN, base: text, lockFile: maybe(text), cwd: maybe(text) };
const LOCKED: Fields<LockedBaseOptions> = { ...BASE, locked: maybe(flag), jobs: maybe(count) };

/** Of `buildBase`. */
export const BUILD_BASE: Shape = shapeOf<BuildBaseOptions>("buildBase", {
  ...LOCKED,
  platforms: maybe(list(text)),
  tags: maybe(list(text)),
  outputs: maybe(outputs),
  provenance: maybe(flag),
  stdout: maybe(call),
});
/** Of `showBase`. */
export const SHOW_BASE: Shape = shapeOf<ShowBaseOptions>("showBase", { ...LOCKED, platform: maybe(text), scripts: maybe(flag) });
