/** Somebody who exchanges two paths as fast as the kernel does it, while a test works with them. */
import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { isDecantError } from "../../src/errors.ts";
import { exchangePaths } from "../../src/sys/exchange-paths.ts";

/** What the thread is given: the two paths, and a flag that ends the work. */
interface Order {
  readonly paths: readonly [string, string];
  readonly flag: Int32Array;
}

/** Exchanges two paths of one folder in a thread of its own until it is disposed, or one of them is gone. Resolves when each was at either place. */
export async function startSwapping(one: string, other: string): Promise<AsyncDisposable> {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const order: Order = { paths: [one, other], flag };
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  const ended = once(worker, "exit");
  await once(worker, "message");
  return {
    async [Symbol.asyncDispose]() {
      Atomics.store(flag, 0, 1);
      await ended;
    },
  };
}

/** Says "begun" after some exchanges, and goes on until one of the paths is gone, too. */
function swap({ paths: [one, other], flag }: Order, say: () => void): void {
  for (let count = 0; Atomics.load(flag, 0) === 0; count += 1) {
    try {
      exchangePaths(one, other);
    } catch (error) {
      if (isDecantError(error, "SYSCALL") && error.details["errno"] === "ENOENT") return;
      throw error;
    }
    if (count === 2) say();
  }
}

if (!isMainThread) {
  const { parentPort } = await import("node:worker_threads");
  swap(workerData as Order, () => parentPort?.postMessage("begun"));
}
