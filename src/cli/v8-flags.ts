/**
 * How V8 works on a command that takes longer than its start. Only the command sets this; a program that uses the library chooses for itself.
 *
 * - A build is too short to win back what V8's most thorough compiler costs: work on 20,000 files took a quarter more processor time with V8's own
 *   threshold for TurboFan.
 * - V8 lets a heap of 80 MB grow to 150 MB before it collects. A build of 1,000 stages took 203 MB, takes 151 MB with smaller steps, and no more
 *   processor time.
 */

/** V8's own default, and ours: calls of a function before TurboFan compiles it, which loops over a million files still reach. */
const TURBOFAN_CALLS = { default: 3000, ours: 100_000 };
/** The same for how much the heap may grow, in percent of what is in use; 0 leaves it to V8. */
const HEAP_GROWTH = { default: 0, ours: 20 };

/** By now a build with nothing to do has loaded its modules, in milliseconds. */
const START_MS = 150;

/**
 * Sets the flags of a command that takes longer than its start. Until then, and again at the exit, they are as V8 started with them: it takes no
 * compiled code from its caches, and Node none from ours, where they differ.
 */
export function tuneV8(): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const set = (which: "default" | "ours"): void => {
    setFlagsFromString(`--invocation-count-for-turbofan=${TURBOFAN_CALLS[which]}`);
    setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH[which]}`);
  };
  setTimeout(() => set("ours"), START_MS).unref();
  process.once("exit", () => set("default"));
}
