/** What every renderer is: a fold of the event stream to text. Nothing here writes, waits or reads the clock. */
import type { BuildEvent } from "../../events.ts";
import type { ProgressChange, ProgressState } from "../../progress.ts";

/** Gives the text to write for each event; keeps what it needs between them. */
export interface Renderer {
  /** Takes an event that is folded into the state already, with what it changed; gives what to write now, or "". */
  event(event: BuildEvent, change: ProgressChange): string;
  /** For renderers that animate: the screen at `nowMs`, written on top of the last one. */
  frame?(state: ProgressState, nowMs: number, size: { readonly columns: number; readonly rows: number }): string;
  /** What to write after the last event. With `isError`, the text of an error comes next: an empty line sets it apart. */
  end(state: ProgressState, nowMs: number, outcome: { readonly isError: boolean }): string;
}
