/** The options of the functions on past builds. */
import type { CompareBuildsOptions, ExplainBuildOptions, ListBuildsOptions, RemoveBuildsOptions, ShowBuildOptions } from "../types.ts";
import { count, flag, list, maybe, STORE, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Of `listBuilds`. */
export const LIST_BUILDS: Shape = shapeOf<ListBuildsOptions>("listBuilds", { ...STORE, limit: maybe(count) });
/** Of `showBuild`. */
export const SHOW_BUILD: Shape = shapeOf<ShowBuildOptions>("showBuild", { ...STORE, build: maybe(text), logs: maybe(flag) });
/** Of `compareBuilds`. */
export const COMPARE_BUILDS: Shape = shapeOf<CompareBuildsOptions>("compareBuilds", { ...STORE, first: text, second: maybe(text) });
/** Of `explainBuild`. */
export const EXPLAIN_BUILD: Shape = shapeOf<ExplainBuildOptions>("explainBuild", { ...STORE, build: maybe(text), against: maybe(text) });
/** Of `removeBuilds`. */
export const REMOVE_BUILDS: Shape = shapeOf<RemoveBuildsOptions>("removeBuilds", { ...STORE, builds: list(text) });
