/**
 * When V8 compiles with its most thorough compiler, TurboFan. A build is too short to win back what that costs: its work on 20,000 files took
 * a quarter more processor time with V8's own threshold. Only the command sets it; a program that uses the library chooses for itself.
 */

/** Calls of a function before TurboFan compiles it, which loops over a million files still reach. V8's own default is 3,000. */
const CALLS = 100_000;

/** With this processor time a build with nothing to do has ended, in milliseconds. */
const START_MS = 150;

/**
 * Raises the threshold for a command that takes longer than its start, and calls `before` just before: V8 takes no
 * compiled code that it made with other flags.
 */
export function delayTurboFan(before: () => void): void {
  const { user, system } = process.cpuUsage();
  const leftMs = START_MS - (user + system) / 1000;
  if (leftMs > 0) {
    setTimeout(delayTurboFan, leftMs, before).unref();
    return;
  }
  before();
  process.getBuiltinModule("node:v8").setFlagsFromString(`--invocation-count-for-turbofan=${CALLS}`);
}
