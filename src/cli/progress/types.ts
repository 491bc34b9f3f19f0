/** What every renderer is: a fold of the event stream to text. Nothing here writes, waits or reads the clock. */
import type { BuildEvent } from "../../events.ts";

/** Gives the text to write for each event; keeps what it needs between them. */
export interface Renderer {
  /** Takes an event; gives what to write now, or "". */
  event(event: BuildEvent): string;
  /** For renderers that animate: the screen at `nowMs`, written on top of the last one. */
  frame?(nowMs: number, size: { readonly columns: number; readonly rows: number }): string;
  /** What to write after the last event. */
  end(nowMs: number): string;
}
