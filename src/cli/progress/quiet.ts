/** `--progress=quiet`: nothing but warnings, which nobody should miss. */
import type { Renderer } from "./types.ts";
import { formatWarning } from "./format-event.ts";

/** Makes the renderer. */
export function createQuietRenderer(): Renderer {
  let wroteAny = false;
  return {
    event(event) {
      if (event.type !== "warning") return "";
      wroteAny = true;
      return `WARNING ${formatWarning(event).join("\n  ")}\n`;
    },
    end: (_state, _nowMs, { isError }) => (isError && wroteAny ? "\n" : ""),
  };
}
