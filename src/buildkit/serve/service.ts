/** What the calls of one connection share with those of others: the store, the sessions and the open builds. */
import type { Store } from "../../store/index.ts";
import type { TextBlobs } from "./blobs.ts";
import type { ClientBuild } from "./client-build.ts";
import type { ClientSessions } from "./client-sessions.ts";
import type { Jobs } from "./jobs.ts";
import type { Hide } from "./status-log.ts";
import type { AnswerWriters, OptionReaders } from "./readers.ts";

/** A server. */
export interface Service {
  readonly store: Store;
  /** Takes paths of the store out of what clients are told. */
  readonly hide: Hide;
  readonly sessions: ClientSessions;
  readonly jobs: Jobs;
  readonly readers: OptionReaders;
  readonly writers: AnswerWriters;
  /** The environment that builds see: nothing of a client, and nothing of the user who runs the server but what the machine needs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Identifies the worker. */
  readonly workerId: string;
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
}

/** What the builds of one connection share, and those of others never see. */
export interface Connection {
  readonly service: Service;
  /** Who the client is, as far as the connection says so. */
  readonly owner: string;
  /** Builds that were answered with a reference. */
  readonly builds: Map<string, ClientBuild>;
  /** What the client was told of, and may read. */
  readonly blobs: TextBlobs;
  /** Folders that were fetched, by session and name. */
  readonly fetched: Map<string, Promise<string>>;
  /** Disposed when the connection ends. */
  readonly stack: AsyncDisposableStack;
}
