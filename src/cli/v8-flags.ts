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

/** With this processor time a build with nothing to do has ended, in milliseconds. */
const START_MS = 150;

/**
 * Sets the flags of a command that takes longer than its start, and calls `before` just before: V8 takes no compiled code that it made with other
 * flags. For the same reason they are at the exit as V8 started with them, when Node writes its cache of code.
 */
export function tuneV8(before: () => void): void {
  const { user, system } = process.cpuUsage();
  const leftMs = START_MS - (user + system) / 1000;
  if (leftMs > 0) {
    setTimeout(tuneV8, leftMs, before).unref();
    return;
  }
  before();
  setFlags("ours");
  process.once("exit", () => setFlags("default"));
}

function setFlags(which: "default" | "ours"): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  setFlagsFromString(`--invocation-count-for-turbofan=${TURBOFAN_CALLS[which]}`);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH[which]}`);
}
