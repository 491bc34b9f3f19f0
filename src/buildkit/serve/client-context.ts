/** What a client builds: its Dockerfile and contexts, fetched into folders of this machine. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { isUtf8 } from "node:buffer";
import { createIgnoreMatcher, parseIgnore } from "../../dockerfile/index.ts";
import { fromText } from "../../paths.ts";
import type { Emit } from "../../events.ts";
import type { Store } from "../../store/index.ts";
import { step } from "../../step.ts";
import { readNamedFile } from "../../sys/index.ts";
import { startProgress } from "../../transfer.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { ClientSession } from "./client-sessions.ts";
import { syncFolder } from "./synced-folders.ts";

/** Everything that a build of a client is fetched with. */
export interface Fetching {
  readonly store: Store;
  readonly owner: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Folders are held until this is disposed. */
  readonly stack: AsyncDisposableStack;
  /** By name of the context: a session of its own has what several builds share. */
  readonly sessionOf: (name: string) => Promise<ClientSession>;
  /** What the connection has fetched already, by session and name: builds of one bake share it. */
  readonly fetched: Map<string, Promise<string>>;
}

const MAX_IGNORE_BYTES = 4 * 1024 * 1024;

/** Fetches the folder with the Dockerfile. Gives its path. */
export async function fetchDockerfile(
  fetching: Fetching,
  { name, filename }: { readonly name: string; readonly filename: string },
): Promise<string> {
  const followPaths = [...new Set([filename, `${filename}.dockerignore`, ...lowerOf(filename)])];
  const title = `[internal] load build definition from ${basename(filename)}`;
  return await fetchFolder(fetching, { name, title, id: "transferring dockerfile:", followPaths });
}

function lowerOf(filename: string): string[] {
  return basename(filename) === "Dockerfile" ? [join(filename, "..", "dockerfile")] : [];
}

/** A folder of the client that a build may need. */
export interface LentFolder {
  /** A folder of this machine with its ignore file and settings, until more is needed. */
  readonly path: string;
  /** Fetches these paths, with what links on them lead to; undefined: all. Gives the path of the folder that has them. */
  readonly fetch: (paths: readonly string[] | undefined) => Promise<string>;
}

/** What a context is looked at for before a build knows what it needs of it. */
const SETTINGS = [".dockerignore", "decant.yaml"];

/** Opens a context. Nothing that its ignore file (or that of the Dockerfile, as text) leaves out will be fetched. */
export async function openContext(
  fetching: Fetching,
  { name, dockerIgnore }: { readonly name: string; readonly dockerIgnore: string | undefined },
): Promise<LentFolder> {
  const path = await fetchSettings(fetching, name);
  const own = dockerIgnore ?? (await textOf(path, ".dockerignore"));
  const rules = own === undefined ? [] : parseIgnore(own);
  const matcher = createIgnoreMatcher(rules);
  // The client's own rules may list a file that they then do not open: it is one that is left out.
  const onUnreadable = (path: string): void => {
    if (matcher.excludes(fromText(path))) return;
    const message = `The client cannot open "${path}", so the ${name === "context" ? "build context" : `context "${name}"`} does not have it`;
    fetching.emit({ type: "warning", code: "UnreadableFile", message });
  };
  const excludePatterns = rules.map(({ pattern, negated }) => (negated ? `!${pattern}` : pattern));
  const title = name === "context" ? "[internal] load build context" : `[context ${name}] load from client`;
  const take: LentFolder["fetch"] = async (paths) => {
    const followPaths = paths === undefined ? [] : [...new Set([...paths, ".dockerignore"])];
    return await fetchFolder(fetching, { name, title, id: "transferring context:", followPaths, excludePatterns, onUnreadable });
  };
  // Settings of a project may name any other file.
  return { path: readdirSync(path).includes("decant.yaml") ? await take(undefined) : path, fetch: take };
}

/** The text of `<Dockerfile>.dockerignore` beside a Dockerfile that was fetched, or undefined. */
export async function dockerIgnoreOf(folder: string, filename: string): Promise<string | undefined> {
  return await textOf(folder, `${filename}.dockerignore`);
}

/** Fetches the ignore file and the settings of a context. Gives the path of a folder that has nothing else. */
export async function fetchSettings(fetching: Fetching, name: string): Promise<string> {
  return await fetchFolder(fetching, {
    name,
    title: name === "context" ? "[internal] load .dockerignore" : `[context ${name}] load .dockerignore`,
    id: "transferring context:",
    followPaths: SETTINGS,
  });
}

async function textOf(within: string, path: string): Promise<string | undefined> {
  const read = await readNamedFile({ path, within }, { maxBytes: MAX_IGNORE_BYTES });
  if ("bytes" in read) return isUtf8(read.bytes) ? read.bytes.toString("utf8") : read.bytes.toString("latin1");
  if (read.isMissing) return undefined;
  throw new GrpcError(CODE.invalid, `Cannot read ignore file "${path}": ${read.problem}`);
}

interface Wanted {
  readonly name: string;
  readonly title: string;
  /** What the client shows of the transfer. */
  readonly id: string;
  readonly followPaths?: readonly string[];
  readonly excludePatterns?: readonly string[];
  readonly onUnreadable?: (path: string) => void;
}

async function fetchFolder(fetching: Fetching, { name, title, id, followPaths, excludePatterns, onUnreadable }: Wanted): Promise<string> {
  const { store, owner, emit, signal, stack, fetched } = fetching;
  const session = await fetching.sessionOf(name);
  const key = JSON.stringify([session.id, name, followPaths ?? [], excludePatterns ?? []]);
  const known = fetched.get(key);
  const work = async (): Promise<string> => {
    const progress = startProgress(emit, { vertex: title, id, action: "read" });
    const request = { session, name, owner, followPaths, excludePatterns, signal, onBytes: progress.add, onUnreadable };
    const folder = await syncFolder(store, request, stack);
    progress.end();
    return folder;
  };
  return await step(emit, { vertex: title, name: title }, signal, async (told) => {
    if (known !== undefined) {
      told.cached("the client has sent it for another target");
      return await known;
    }
    const fetch = work();
    fetched.set(key, fetch);
    fetch.catch(() => fetched.delete(key));
    return await fetch;
  });
}
