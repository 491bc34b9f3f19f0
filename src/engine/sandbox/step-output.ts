/** The output of a step: real pipes, because programs open /dev/stdout again, read as the bytes come. */
import { Socket } from "node:net";
import type { Pipe } from "../../sys/index.ts";

const MAX_HEAD_BYTES = 4096;

/** Where a step's output goes. Dispose when the step has ended or was never started. */
interface StepOutput extends Disposable {
  readonly stdout: "inherit" | number;
  readonly stderr: "inherit" | number;
  /** The child has its ends now: closes ours, so that the streams can end. */
  started(): void;
  /** Settles when all of the output has been given, or nobody takes it any more. */
  readonly ended: Promise<unknown>;
  /** All of stderr when it is short, otherwise "". */
  errors(): string;
  /** Aborted with what `onOutput` threw. From then on nobody takes the output, and the step should end. */
  readonly failed: AbortSignal;
}

/** Straight to our own output. */
export function inheritedOutput(): StepOutput {
  return {
    stdout: "inherit",
    stderr: "inherit",
    started() {},
    ended: Promise.resolve(),
    errors: () => "",
    failed: new AbortController().signal,
    [Symbol.dispose]() {},
  };
}

/** Pipes whose bytes go to `onOutput`, in order within each stream. */
export function pipedOutput(
  [stdout, stderr]: readonly [Pipe, Pipe],
  onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array) => void,
): StepOutput {
  const head: Uint8Array[] = [];
  let headBytes = 0;
  const failure = new AbortController();
  const ended = Promise.all([
    drained(stdout, failure, (chunk) => onOutput("stdout", chunk)),
    drained(stderr, failure, (chunk) => {
      headBytes += chunk.byteLength;
      if (headBytes <= MAX_HEAD_BYTES) head.push(chunk);
      onOutput("stderr", chunk);
    }),
  ]);
  const closeWrites = (): void => {
    stdout.closeWrite();
    stderr.closeWrite();
  };
  return {
    stdout: stdout.write,
    stderr: stderr.write,
    started: closeWrites,
    ended,
    errors: () => (headBytes <= MAX_HEAD_BYTES ? Buffer.concat(head).toString("utf8") : ""),
    failed: failure.signal,
    [Symbol.dispose]: closeWrites,
  };
}

/** The socket owns the read end from here on. */
function drained(pipe: Pipe, failure: AbortController, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = new Socket({ fd: pipe.read, readable: true, writable: false });
  socket.on("data", (chunk: Buffer) => {
    try {
      if (!failure.signal.aborted) onChunk(chunk);
    } catch (error) {
      failure.abort(error);
    }
  });
  // A pipe that we hold fails only when it is closed under us; either way there is nothing more.
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  return promise;
}
