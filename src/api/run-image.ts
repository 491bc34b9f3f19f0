/** `runImage`: a container of an image, in the foreground. */
import { type RunningContainer, startContainer } from "../containers/index.ts";
import { openSession } from "../context/index.ts";
import type { RunImageOptions } from "./types.ts";

/**
 * Starts a container of a local image. Its files live as long as it does. Throws `IMAGE_NOT_FOUND`, `RUNTIME*`, `RUN_USER`, `PRIVILEGE`, `USAGE`, and
 * `NOT_FOUND` where `init` is wanted and this machine has none.
 */
export async function runImage(options: RunImageOptions): Promise<RunningContainer> {
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await openSession(options));
  const container = stack.use(await startContainer(session, options));
  const resources = stack.move();
  return { ...container, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
