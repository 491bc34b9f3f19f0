/** `--progress=quiet`: nothing but warnings, which nobody should miss. */
import type { Renderer } from "./types.ts";
import { formatWarning } from "./format-event.ts";

/** Makes the renderer. */
export function createQuietRenderer(): Renderer {
  return { event: (event) => (event.type === "warning" ? `WARNING ${formatWarning(event).join("\n  ")}\n` : ""), end: () => "" };
}
