/** `decant serve`: BuildKit's control API on this machine's engine and store. */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { openSession, type StoreOptions } from "../../context/index.ts";
import { Router, serveConnection } from "../grpc/server.ts";
import { addContent } from "./content.ts";
import { addBridge } from "./bridge.ts";
import { addCache } from "./cache.ts";
import { ClientSessions } from "./client-sessions.ts";
import { addControl } from "./control.ts";
import { refuseUnknown, toGrpc } from "./errors.ts";
import { hidePaths } from "./hidden-paths.ts";
import { addHistory } from "./history.ts";
import { Jobs } from "./jobs.ts";
import type { AnswerWriters, OptionReaders } from "./readers.ts";
import { openConnection, type Service } from "./service.ts";
import { sweepClientFolders } from "./synced-folders.ts";

/** Options of `openBuildServer`. */
interface BuildServerOptions extends StoreOptions {
  readonly readers: OptionReaders;
  readonly writers: AnswerWriters;
  /** What steps of clients may ask for: "network.host", "security.insecure", "device". */
  readonly allow: readonly string[];
}

/** A server that has no door yet. */
export interface BuildServer extends AsyncDisposable {
  /** Serves a connection until it ends. `owner`: who the client is, where the connection says so. Never rejects. */
  serve(duplex: Duplex, owner?: string): Promise<void>;
}

/** What of the server's environment builds may see: how to reach the network, and where things are. Not what belongs to the user who runs it. */
const SHARED =
  /^(?:PATH|HOME|LANG|TZ|TMPDIR|DECANT_(?!LOAD$)\w+|XDG_\w+|(?:https?|ftp|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO|NODE_USE_SYSTEM_CA)$/i;

/** Opens the store. Throws as `openSession`. */
export async function openBuildServer({ readers, writers, allow, ...options }: BuildServerOptions): Promise<BuildServer> {
  await using opening = new AsyncDisposableStack();
  const { store } = opening.use(await openSession(options, "stay"));
  await sweepClientFolders(store);
  const stop = new AbortController();
  const scratch = opening.use(await store.scratch());
  const given = Object.entries(options.env ?? process.env).filter(([name]) => SHARED.test(name));
  const hide = hidePaths(store.root);
  const service: Service = {
    store,
    readers,
    writers,
    allow,
    hide,
    sessions: new ClientSessions(),
    jobs: new Jobs(hide),
    // The accounts of the user who runs the server are not those of its clients: docker's settings are looked for where nothing is.
    env: { ...Object.fromEntries(given), DOCKER_CONFIG: join(scratch.path, "docker"), XDG_RUNTIME_DIR: join(scratch.path, "run") },
    workerId: createHash("sha256").update(store.root).digest("hex").slice(0, 25),
    signal: options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]),
  };
  const open = new Set<Promise<void>>();
  const resources = opening.move();
  return {
    async serve(duplex, owner = "") {
      const serving = serveOne(duplex, service, owner);
      open.add(serving);
      await serving;
      open.delete(serving);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("The server ends", "AbortError"));
      while (open.size > 0) await [...open][0];
      await resources.disposeAsync();
    },
  };
}

async function serveOne(duplex: Duplex, service: Service, owner: string): Promise<void> {
  await using connection = openConnection(service, owner);
  const router = new Router((error) => toGrpc(error, service.hide), refuseUnknown);
  addControl(router, connection);
  addBridge(router, connection);
  addContent(router, connection);
  addCache(router, connection);
  addHistory(router, connection);
  const end = (): void => void duplex.destroy();
  service.signal.addEventListener("abort", end, { once: true });
  await serveConnection(duplex, router.routes);
  service.signal.removeEventListener("abort", end);
}
