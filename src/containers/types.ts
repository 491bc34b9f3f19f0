/** What a container is asked to be, and what others see of it. */

/** Options of a container: as docker run, what is supported. */
export interface ContainerOptions {
  readonly image: string;
  /** Replaces Cmd. */
  readonly args?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  /** `KEY=VALUE` lines, over those of the image. */
  readonly environment?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Default "host". */
  readonly network?: "host" | "none" | undefined;
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  readonly readOnly?: boolean | undefined;
  /** Runs an init of this machine (tini, catatonit) as first process: it passes signals on, and buries orphans. Default false. */
  readonly init?: boolean | undefined;
  /** What asks it to end: "SIGQUIT", "QUIT" or "3". Default: the image's, else SIGTERM. */
  readonly stopSignal?: string | undefined;
  /** How long it may take to end, in milliseconds; Infinity: for ever. Default 10,000. */
  readonly stopTimeoutMs?: number | undefined;
  /** Where output goes: "inherit" (default) or callbacks. */
  readonly onOutput?: ((stream: "stdout" | "stderr", chunk: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a container is asked to end, where not as it was told when it began. */
export interface StopOptions {
  /** "SIGTERM", "TERM" or "15". */
  readonly signal?: string | undefined;
  /** From the signal to SIGKILL, in milliseconds; 0: SIGKILL at once. Infinity: never. */
  readonly timeoutMs?: number | undefined;
}

/** A running container. */
export interface RunningContainer extends AsyncDisposable {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Sends a signal to its first process, e.g. "SIGTERM". Throws `USAGE` for a signal that does not exist. */
  kill(signal: string): void;
  /**
   * Asks it to end: by the signal, and by SIGKILL after the time. A first process that neither handles nor ignores the signal ends at once, as any
   * other process would. Of several calls, the most impatient counts. Throws `USAGE` for a signal that does not exist.
   */
  stop(options?: StopOptions): void;
  /** The exit code, 128 + n for a signal. */
  readonly exit: Promise<number>;
}

/** One line of `decant ps`. */
export interface ContainerSummary {
  readonly id: string;
  /** As it was named. */
  readonly image: string;
  readonly command: readonly string[];
  /** RFC 3339. */
  readonly created: string;
}
