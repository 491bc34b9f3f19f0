/** Joins the command line to the real process: streams, signals, exit code. The only file that reads argv and exits. */
import { isatty } from "node:tty";
import { Interrupted, type CliContext, type OutputStream } from "./context.ts";
import { runCli } from "./run-cli.ts";
import { endProcess } from "../sys/index.ts";
import { tuneV8 } from "./v8-flags.ts";
import { workingDirectory } from "../working-directory.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs the command line `args` and ends the process with its exit code. `keepCode` keeps compiled code; only the first call has an effect. */
export async function runProcess(args: readonly string[], keepCode: () => void): Promise<void> {
  tuneV8(keepCode);
  process.once("exit", keepCode);
  const stop = new AbortController();
  let forward: ((name: string) => void) | undefined;
  for (const [name, exitCode] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (forward !== undefined) return forward(name);
      // The second time the user does not want to wait for the clean-up; the store sweeps what is left.
      if (stop.signal.aborted) endProcess(exitCode);
      stop.abort(new Interrupted(exitCode));
    });
  }
  const context: CliContext = {
    env: process.env,
    // Looked up on use: most commands do not need it, and it may be gone.
    get cwd() {
      return workingDirectory();
    },
    // Opened on use: touching process.stdin costs start-up time and holds the process.
    stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
    stdout: outputStream(process.stdout, failedOutput),
    // Nobody is left to tell; the exit code still says how the work ended.
    stderr: outputStream(process.stderr, () => undefined),
    signal: stop.signal,
    ...(isatty(0) ? { ask: async (question, options) => (await import("./ask.ts")).ask(question, options, stop.signal), rawTerminal } : {}),
    forwardSignals(handler) {
      forward = handler;
      return {
        [Symbol.dispose]() {
          forward = undefined;
        },
      };
    },
  };
  endProcess(await runCli(args, context));
}

/** A runtime that is killed leaves the terminal as it made it, so we remember how it was. */
function rawTerminal(): Disposable {
  process.stdin.setRawMode(true);
  return { [Symbol.dispose]: () => void process.stdin.setRawMode(false) };
}

/** What a command fails with that cannot write its result. */
async function failedOutput(error: Error): Promise<unknown> {
  const { writeError } = await import("../image/index.ts");
  return writeError("write to", "standard output", error);
}

/** `failed` gives what a failed write rejects with; undefined: it counts as done. */
function outputStream(stream: NodeJS.WriteStream, failed: (error: Error) => unknown): OutputStream {
  let endsWithReader = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // A closed pipe (`decant images | head`) is no error of ours. Other failures are those of a write, which tells of them.
    if (error.code === "EPIPE" && endsWithReader) endProcess(141);
  });
  const isTerminal = stream.isTTY;
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  return {
    async write(data) {
      const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
      stream.write(data, resolve);
      const error = await promise;
      const failure = error === null || error === undefined ? undefined : await failed(error);
      if (failure !== undefined) throw failure;
    },
    outliveReader() {
      endsWithReader = false;
    },
    isTerminal,
    color: !NO_COLOR && TERM !== "dumb" && (isTerminal || (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0")),
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
  };
}
