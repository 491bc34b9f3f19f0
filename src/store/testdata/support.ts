/** What the tests of the store share. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDecantError, type ErrorCode } from "../../errors.ts";
import { type RunningProcess, startProcess } from "../../sys/index.ts";
import { openStore } from "../index.ts";
import { type StoreOptions } from "../store.ts";
import type { Store } from "../types.ts";

/** A folder that goes with the test. */
export function temp(): ReturnType<typeof mkdtempDisposable> {
  return mkdtempDisposable(join(tmpdir(), "decant-store-"));
}

/** A store in a folder of its own; both go with the test. */
export async function tempStore(options: Partial<StoreOptions> = {}): Promise<AsyncDisposable & { readonly store: Store; readonly root: string }> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await temp());
  const root = join(dir.path, "store");
  const store = stack.use(await openStore({ root, ...options }));
  const all = stack.move();
  return { store, root, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Starts `child.ts`. */
export function startChild(mode: string, root: string, argument = "", input?: AsyncIterable<Uint8Array>): RunningProcess {
  const file = fileURLToPath(new URL("child.ts", import.meta.url));
  return startProcess({
    argv: [process.execPath, file, mode, root, argument],
    stdio: { stderr: "inherit" },
    input,
  });
}

/** For `assert.throws` and `assert.rejects`. */
export function failsWith(code: ErrorCode, message: RegExp = /./): (error: unknown) => boolean {
  return (error) => isDecantError(error, code) && message.test(error.message);
}
