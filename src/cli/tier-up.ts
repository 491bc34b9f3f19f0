/**
 * When V8 compiles with its most thorough compiler, TurboFan. A build is too short to win back what that costs: its work on 20,000 files took
 * a quarter more processor time with V8's own threshold. Only the command sets it; a program that uses the library chooses for itself.
 */

/** Calls of a function before TurboFan compiles it: V8's own default, and ours, which loops over a million files still reach. */
const DEFAULT_CALLS = 3000;
const OUR_CALLS = 100_000;

/** By now a build with nothing to do has loaded its modules, in milliseconds. */
const START_MS = 150;

/**
 * Raises the threshold for a command that takes longer than its start. Until then, and again at the exit, flags are as V8 started with them:
 * it takes no compiled code from its caches, and Node none from ours, where they differ.
 */
export function delayTurboFan(): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const set = (calls: number): void => setFlagsFromString(`--invocation-count-for-turbofan=${calls}`);
  setTimeout(() => set(OUR_CALLS), START_MS).unref();
  process.once("exit", () => set(DEFAULT_CALLS));
}
