/** Shows a run of the public API while it works, on standard error, and gives its result. */
import type { Run } from "../../index.ts";
import type { CliContext } from "../context.ts";
import { withLogTail } from "../errors/log-tail.ts";
import { createProgress, type ProgressState, reduceProgress } from "../../progress.ts";
import type { Renderer } from "./types.ts";

/** The values of `--progress`. */
export const PROGRESS_MODES = ["auto", "tty", "plain", "rawjson", "quiet", "none"] as const;
/** How progress is shown. */
export type ProgressMode = (typeof PROGRESS_MODES)[number];

const FRAME_MS = 100;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** What is shown besides the usual. */
interface ShowOptions {
  /** Why each step runs. Default false. */
  readonly explain?: boolean | undefined;
}

/** Draws the events of `run` until it ends, and gives its result. Disposes the run: leaving early cancels it and waits for its clean-up. */
export async function showRun<Result>(
  run: Run<Result>,
  mode: ProgressMode,
  context: CliContext,
  { explain = false }: ShowOptions = {},
): Promise<Result> {
  await using running = run;
  const { stderr } = context;
  const renderer = await loadRenderer(mode, context, explain);
  const state = createProgress();
  {
    using frames = startFrames(renderer, state, context);
    for await (const event of running) {
      const text = renderer.event(event, reduceProgress(state, event));
      if (text !== "") await stderr.write(text);
    }
    frames.draw();
    // An interrupted run ends without an error.
    const isError = !context.signal.aborted && (await failed(running.result));
    const last = renderer.end(state, Date.now(), { isError });
    if (last !== "") await stderr.write(last);
  }
  try {
    return await running.result;
  } catch (error) {
    throw withLogTail(error, state);
  }
}

async function failed(result: Promise<unknown>): Promise<boolean> {
  try {
    await result;
    return false;
  } catch {
    return true;
  }
}

async function loadRenderer(mode: ProgressMode, { stderr }: CliContext, explain: boolean): Promise<Renderer> {
  const chosen = mode === "auto" ? (stderr.isTerminal ? "tty" : "plain") : mode;
  switch (chosen) {
    case "tty":
      return (await import("./terminal.ts")).createTerminalRenderer({ color: stderr.color, explain });
    case "plain":
      return (await import("./plain.ts")).createPlainRenderer({ explain });
    case "rawjson":
      return (await import("./json.ts")).createJsonRenderer();
    case "quiet":
      return (await import("./quiet.ts")).createQuietRenderer();
    case "none":
      return { event: () => "", end: () => "" };
  }
}

function startFrames(renderer: Renderer, state: ProgressState, { stderr }: CliContext): Disposable & { draw(): void } {
  const draw = (): void => {
    const text = renderer.frame?.(state, Date.now(), stderr.size()) ?? "";
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
