/** `runImage`: a container of an image, in the foreground. */
import { type RunningContainer, startContainer } from "../containers/index.ts";
import { openSession } from "../context/index.ts";
import { openDebugTools } from "../project/index.ts";
import { callbackFailed } from "./callbacks.ts";
import { RUN } from "./options/run-image.ts";
import { checkOptions } from "./options/shape.ts";
import type { RunImageOptions } from "./types.ts";

type OnOutput = RunImageOptions["onOutput"];

/** What the caller's function throws ends the container, and `exit` rejects with it. */
function guardedOutput(onOutput: OnOutput): OnOutput {
  if (onOutput === undefined) return undefined;
  return (stream, chunk) => {
    try {
      onOutput(stream, chunk);
    } catch (cause) {
      throw callbackFailed("onOutput", cause);
    }
  };
}

/**
 * Starts a container of a local image. Its files live as long as it does. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, `RUNTIME*`, `RUN_USER`, `PRIVILEGE`, `USAGE`, and
 * `NOT_FOUND` where `init` is wanted and this machine has none. `debugWith` "busybox" also throws `CONFIG_FILE` and the `DEBIAN_…` codes.
 */
export async function runImage(options: RunImageOptions): Promise<RunningContainer> {
  checkOptions(RUN, options);
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await openSession(options));
  const tools = options.debugWith === undefined ? undefined : await openDebugTools(session, options.debugWith, options);
  const container = stack.use(await startContainer(session, { ...options, onOutput: guardedOutput(options.onOutput) }, tools));
  const resources = stack.move();
  return { ...container, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
