/** What a command may touch of the process it runs in: handed in, so that tests run commands without a process of their own. */
import type { ByteStream } from "../bytes.ts";

/** Standard output or standard error. */
export interface OutputStream {
  /** From now on, writes to a reader that has gone fail. Without it, such a reader ends the process, where there is one: `decant images | head`. */
  readonly outliveReader?: () => void;
  /** Resolves when the stream takes more. */
  write(data: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Whether colours are wanted: a terminal, and no NO_COLOR; or FORCE_COLOR. */
  readonly color: boolean;
  /** Asked anew for each frame, as windows change their size. */
  size(): { readonly columns: number; readonly rows: number };
}

/** The world as a command sees it. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: ByteStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborts on Ctrl-C and on SIGTERM; its reason is an `Interrupted`. */
  readonly signal: AbortSignal;
  /** Asks at the terminal, which shows nothing of a secret; absent where standard input is no terminal. */
  readonly ask?: ((question: string, options: { readonly secret: boolean }) => Promise<string>) | undefined;
  /** Until disposed, the terminal passes on each key as it is: for a container with one of its own. Absent where standard input is none. */
  readonly rawTerminal?: (() => Disposable) | undefined;
  /** Until disposed, signals go to `handler` instead of aborting. For `decant run`. */
  forwardSignals(handler: (name: string) => void): Disposable;
}

/** The reason of an abort by a signal. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  /** 128 + the signal's number. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}
