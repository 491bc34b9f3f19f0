/** What the calls of one connection share with those of others: the store, the sessions and the open builds. */
import type { Store } from "../../store/index.ts";
import { TextBlobs } from "./text-blobs.ts";
import type { Tree } from "../../tree/index.ts";
import type { ClientResult } from "./client-result.ts";
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
  /** What steps of clients may ask for: "network.host", "security.insecure", "device". */
  readonly allow: readonly string[];
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
  /** What was answered with a reference. */
  readonly results: Map<string, ClientResult>;
  /** The files of those results that the client has looked at. */
  readonly trees: Map<string, Promise<Tree>>;
  /** What the client was told of, and may read. */
  readonly blobs: TextBlobs;
  /** Folders that were fetched, by session and name. */
  readonly fetched: Map<string, Promise<string>>;
  /** Holds what was fetched for as long as a build of the connection is open: builds of one bake use what others have fetched. */
  readonly stack: () => AsyncDisposableStack;
  /** A build of the connection is open until this is disposed. */
  hold(): AsyncDisposable;
}

/** Opens the state of a connection. */
export function openConnection(service: Service, owner: string): Connection & AsyncDisposable {
  const results = new Map<string, ClientResult>();
  const trees = new Map<string, Promise<Tree>>();
  const fetched = new Map<string, Promise<string>>();
  let stack = new AsyncDisposableStack();
  let open = 0;
  const release = async (): Promise<void> => {
    const old = stack;
    stack = new AsyncDisposableStack();
    results.clear();
    trees.clear();
    fetched.clear();
    await old.disposeAsync();
  };
  return {
    service,
    owner,
    results,
    trees,
    blobs: new TextBlobs(),
    fetched,
    stack: () => stack,
    hold() {
      open += 1;
      return {
        async [Symbol.asyncDispose]() {
          open -= 1;
          if (open === 0) await release();
        },
      };
    },
    [Symbol.asyncDispose]: release,
  };
}
