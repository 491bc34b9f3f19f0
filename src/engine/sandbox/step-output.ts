/** The output of a step: real pipes, because programs open /dev/stdout again, read as the bytes come. */
import { Socket } from "node:net";
import { createPipe, type Pipe } from "../../sys/index.ts";

const MAX_HEAD_BYTES = 4096;

/** Where a step's output goes. Dispose when the step has ended or was never started. */
interface StepOutput extends Disposable {
  readonly stdout: "inherit" | number;
  readonly stderr: "inherit" | number;
  /** The child has its ends now: closes ours, so that the streams can end. */
  started(): void;
  /** Settles when all of the output has been given. */
  readonly ended: Promise<unknown>;
  /** All of stderr when it is short, otherwise "". */
  errors(): string;
}

/** Straight to our own output. */
export function inheritedOutput(): StepOutput {
  return { stdout: "inherit", stderr: "inherit", started() {}, ended: Promise.resolve(), errors: () => "", [Symbol.dispose]() {} };
}

/** Pipes whose bytes go to `onOutput`, in order within each stream. */
export function pipedOutput(onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array) => void): StepOutput {
  const head: Uint8Array[] = [];
  let headBytes = 0;
  const stdout = createPipe();
  const stderr = createPipe();
  const ended = Promise.all([
    drained(stdout, (chunk) => onOutput("stdout", chunk)),
    drained(stderr, (chunk) => {
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
    [Symbol.dispose]: closeWrites,
  };
}

/** The socket owns the read end from here on. */
function drained(pipe: Pipe, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = new Socket({ fd: pipe.read, readable: true, writable: false });
  socket.on("data", onChunk);
  // A pipe that we hold fails only when it is closed under us; either way there is nothing more.
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  return promise;
}
