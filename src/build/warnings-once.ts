/** Several platforms of a build, and several of its steps, may come upon the same. */
import type { Emit } from "../events.ts";

/** Passes everything on, but the same warning only once. */
export function warningsOnce(emit: Emit): Emit {
  const told = new Set<string>();
  return (event) => {
    if (event.type === "warning") {
      const text = JSON.stringify(event);
      if (told.has(text)) return;
      told.add(text);
    }
    emit(event);
  };
}
