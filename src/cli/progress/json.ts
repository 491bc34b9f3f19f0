/** `--progress=rawjson`: the events themselves, one JSON object a line. */
import type { Renderer } from "./types.ts";

/** Makes the renderer. */
export function createJsonRenderer(): Renderer {
  return { event: (event) => `${JSON.stringify(event)}\n`, end: () => "" };
}
