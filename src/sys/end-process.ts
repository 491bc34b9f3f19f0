/** The end of this process, which Node and koffi do not always reach by themselves. */
import { flushCompileCache } from "node:module";
import { bind, isLoaded } from "./libc.ts";

const exitNow = bind("void _exit(int status)");

/** A command that took as long as this may take the milliseconds that loading libc costs. */
const LONG_MS = 300;

/**
 * Ends the process with this exit code; what it has written must be written. `process.exit` waits for V8's compiler threads, which may wait for a
 * garbage collection that never comes (nodejs/node#54918); and koffi waits for itself where the disk below the output fails. The kernel waits for nobody.
 */
export function endProcess(code: number): void {
  if (!isLoaded() && performance.now() < LONG_MS) process.exit(code);
  process.exitCode = code;
  process.emit("exit", code);
  flushCompileCache();
  exitNow(code);
}
