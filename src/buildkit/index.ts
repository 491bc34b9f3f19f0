/** BuildKit's protocol: `decant serve` lets its clients drive our engine (decision 11). */
export { serve } from "./serve/run-server.ts";
export type { AnswerWriters, OptionReaders } from "./serve/readers.ts";
export { buildersOf } from "./drive/fleet.ts";
export { type BuilderLook, lookAtBuilders } from "./drive/look.ts";
export { bake } from "./bake.ts";
