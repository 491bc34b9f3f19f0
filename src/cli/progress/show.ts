/** Shows a run of the public API while it works, on standard error, and gives its result. */
import type { Run } from "../../index.ts";
import type { CliContext } from "../context.ts";
import { withLogTail } from "../errors/log-tail.ts";
import { applyEvent, createProgressState } from "./state.ts";
import type { Renderer } from "./types.ts";

/** The values of `--progress`. */
export const PROGRESS_MODES = ["auto", "tty", "plain", "rawjson", "quiet", "none"] as const;
/** How progress is shown. */
export type ProgressMode = (typeof PROGRESS_MODES)[number];

const FRAME_MS = 100;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** Draws the events of `run` until it ends, and gives its result. Disposes the run: leaving early cancels it and waits for its clean-up. */
export async function showRun<Result>(run: Run<Result>, mode: ProgressMode, context: CliContext): Promise<Result> {
  await using running = run;
  const { stderr } = context;
  const renderer = await loadRenderer(mode, context);
  const state = createProgressState();
  let failure: unknown;
  {
    using frames = startFrames(renderer, context);
    try {
      for await (const event of running) {
        applyEvent(state, event);
        const text = renderer.event(event);
        if (text !== "") await stderr.write(text);
      }
    } catch (error) {
      // Kept until the screen is finished; when the work failed, its result rejects with the same.
      failure = error;
    }
    frames.draw();
    const last = renderer.end(Date.now());
    if (last !== "") await stderr.write(last);
  }
  try {
    const result = await running.result;
    if (failure !== undefined) throw failure;
    return result;
  } catch (error) {
    throw withLogTail(error, state);
  }
}

async function loadRenderer(mode: ProgressMode, { stderr }: CliContext): Promise<Renderer> {
  const chosen = mode === "auto" ? (stderr.isTerminal ? "tty" : "plain") : mode;
  switch (chosen) {
    case "tty":
      return (await import("./terminal.ts")).createTerminalRenderer({ color: stderr.color });
    case "plain":
      return (await import("./plain.ts")).createPlainRenderer();
    case "rawjson":
      return (await import("./json.ts")).createJsonRenderer();
    case "quiet":
      return (await import("./quiet.ts")).createQuietRenderer();
    case "none":
      return { event: () => "", end: () => "" };
  }
}

function startFrames(renderer: Renderer, { stderr }: CliContext): Disposable & { draw(): void } {
  const draw = (): void => {
    const text = renderer.frame?.(Date.now(), stderr.size()) ?? "";
    if (text !== "") void stderr.write(text);
  };
  if (renderer.frame === undefined) return { draw, [Symbol.dispose]: () => undefined };
  void stderr.write(HIDE_CURSOR);
  const timer = setInterval(draw, FRAME_MS);
  return {
    draw,
    [Symbol.dispose]() {
      clearInterval(timer);
      void stderr.write(SHOW_CURSOR);
    },
  };
}
