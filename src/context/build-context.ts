/**
 * The build context and its Dockerfile, wherever they are (F61 to F66): a folder, an archive or a bare Dockerfile from standard input or
 * http(s), a git repository. What is no folder becomes a layer. Files of a folder and of git are
 * root's; those of an archive have the owners that it says (rule S70).
 */
import { basename, isAbsolute, resolve } from "node:path";
import type { ByteStream } from "../bytes.ts";
import { collect } from "../bytes.ts";
import {
  gitCheckout,
  gitMaterial,
  isTarBlock,
  type LayerContext,
  type LocalContext,
  type Material,
  type SourceAccess,
} from "../engine/index.ts";
import { DecantError, usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { CompatibilityVersion } from "../followed.ts";
import { type GitRef, gitSourceOp, parseGitUrl, type SourceOp } from "../graph/index.ts";
import { displayPath, toText, treePath } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { isDigest } from "../digest.ts";
import { given } from "../given.ts";
import {
  importLayerTar,
  type Layer,
  layerSource,
  layerTree,
  openLayer,
  readEntry,
  readTreeFile,
  resolvePath,
  sniffCompression,
} from "../tree/index.ts";
import { step } from "../step.ts";
import { publicUrl } from "../url-secrets.ts";
import { contextFolder } from "./folder.ts";
import { type DockerfileText, MAX_DOCKERFILE_BYTES, readDockerfile, readLocalDockerfile } from "./dockerfile-file.ts";
import { downloadFile, httpSourceOp } from "./download-file.ts";
import { gitCommands } from "./git-commands.ts";
import type { Session } from "./session.ts";
import { givenEpoch } from "./source-date-epoch.ts";
import { youngestFile } from "./source-time.ts";
import type { ContextOptions } from "./types.ts";

/** A context that is ready, with its Dockerfile. */
export interface BuildContext {
  /** For the history of builds. */
  readonly title: string;
  readonly dockerfile: DockerfileText;
  /** Where local://context comes from. */
  readonly files: LocalContext | LayerContext;
  /** What SOURCE_DATE_EPOCH=context means, in seconds since the epoch: the time of a git commit, of a file of http, of the youngest file in an archive. */
  readonly time: () => number | undefined;
  /** Where it came from, and its commit or digest; absent for what this machine gave. */
  readonly material?: Material;
}

/** What a context is opened with. `access`: credentials for where it is. */
interface ContextSurroundings {
  readonly cwd: string;
  readonly emit: Emit;
  readonly access: SourceAccess;
  readonly compatibility: CompatibilityVersion;
  /** What a policy makes of a source. Default: it stays as it is. */
  readonly rule?: ((op: SourceOp) => SourceOp) | undefined;
  readonly signal: AbortSignal;
}

type Input = Pick<ContextOptions, "context" | "file" | "stdin" | "buildArgs">;

const HEAD_BYTES = 512;

/** Opens the context that `options` name; a store is opened only for what is no folder of this machine. Throws `CONTEXT`, `DOCKERFILE_NOT_FOUND`, `GIT_SOURCE`, `HTTP_SOURCE`, `USAGE`, and what is wrong with an archive. */
export async function openBuildContext(
  options: Input,
  openSession: () => Promise<Session>,
  surroundings: ContextSurroundings,
): Promise<BuildContext> {
  const { context, file } = options;
  const { cwd, emit } = surroundings;
  if (context === "-" && file === "-")
    throw usageError("Cannot read both the context and the Dockerfile from standard input: wanted one of them");
  const git = parseGitUrl(context, { asContext: true });
  if (git === undefined && context !== "-" && !isHttp(context)) {
    const folder = await contextFolder(resolve(cwd, context));
    const outside = await outsideDockerfile(options, openSession, surroundings);
    const dockerfile = outside ?? (await readDockerfile(folder, file, cwd));
    return {
      title: basename(folder),
      dockerfile,
      time: () => undefined,
      files: { kind: "folder", path: folder, ...(outside === undefined ? { dockerfile: dockerfile.path } : {}) },
    };
  }
  const title = context === "-" ? "standard input" : publicUrl(context);
  const plan = { vertex: "remote context", name: `[internal] load context from ${title}` };
  const loaded = await step(emit, plan, surroundings.signal, async () => load(options, git, await openSession()));
  // As in buildx, an absolute path is on this machine: a repository and a URL have none.
  const local = context !== "-" && file !== undefined && isAbsolute(file) ? await readLocalDockerfile(file) : undefined;
  const outside = local ?? (await outsideDockerfile(options, openSession, surroundings));
  const dockerfile = outside ?? loaded.dockerfile ?? (await dockerfileIn(loaded.layer, file, title));
  return {
    title,
    dockerfile,
    files: { kind: "layers", layers: loaded.layer === undefined ? [] : [layerSource(loaded.layer)] },
    ...given({ material: loaded.material }),
    time: () => loaded.timeSec ?? (loaded.layer === undefined ? undefined : youngestFile(loaded.layer)),
  };

  async function load(given: Input, ref: GitRef | undefined, session: Session): Promise<Loaded> {
    const { store, env } = session;
    const { access, compatibility, signal } = surroundings;
    if (ref !== undefined) {
      const op = ruled(gitSourceOp(contextRef(ref, given.buildArgs ?? {}, env)), surroundings);
      const onCommand = gitCommands(given.buildArgs, emit, () => plan.vertex);
      const checkout = await gitCheckout(store, op, { ...access, env, compatibility, onCommand }, signal);
      return { layer: checkout.layer, timeSec: checkout.commitTimeSec, material: gitMaterial(op, checkout) };
    }
    return given.context === "-" ? await fromStdin(store, stdinOf(given), signal) : await fromHttp(session, given.context, surroundings);
  }
}

function ruled(op: SourceOp, { rule }: ContextSurroundings): SourceOp {
  return rule?.(op) ?? op;
}

/** With what build arguments say of a git context. A build that has an epoch takes times of the commit, unless the reference says otherwise. */
function contextRef(ref: GitRef, buildArgs: Readonly<Record<string, string>>, env: Readonly<Record<string, string | undefined>>): GitRef {
  const keep = /^(?:1|t|true)$/i.test(buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"] ?? "");
  const hasEpoch = (givenEpoch(buildArgs, env) ?? "") !== "";
  return {
    ...ref,
    ...(keep ? { keepGitDir: true } : {}),
    ...(hasEpoch && ref.mtime === undefined ? { mtime: "commit" } : {}),
  };
}

interface Loaded {
  /** Absent: an empty context. */
  readonly layer?: Layer;
  readonly dockerfile?: DockerfileText;
  readonly timeSec?: number;
  readonly material?: Material;
}

function isHttp(text: string): boolean {
  return /^https?:\/\//.test(text);
}

function stdinOf({ stdin }: Input): ByteStream {
  if (stdin === undefined) throw usageError('Cannot read "-": there is no standard input; wanted the option stdin');
  return stdin;
}

/** `-f -` and `-f https://…`; undefined for a file of the context or of this machine. */
async function outsideDockerfile(
  options: Input,
  openSession: () => Promise<Session>,
  surroundings: ContextSurroundings,
): Promise<DockerfileText | undefined> {
  const { file } = options;
  if (file === "-")
    return { path: "-", name: "Dockerfile", bytes: await collect(stdinOf(options), MAX_DOCKERFILE_BYTES, "the Dockerfile") };
  if (file === undefined || !isHttp(file)) return undefined;
  const { tree, entry } = await downloadFile(await openSession(), ruled(httpSourceOp(file, HTTP_FILE), surroundings), {
    ...surroundings,
    maxBytes: MAX_DOCKERFILE_BYTES,
  });
  return {
    path: file,
    name: publicUrl(file),
    bytes: await readTreeFile(tree, entry.path, MAX_DOCKERFILE_BYTES),
  };
}

async function fromStdin(store: Store, stdin: ByteStream, signal: AbortSignal): Promise<Loaded> {
  const { head, all } = await peek(stdin);
  if (head.byteLength === 0)
    throw new DecantError("CONTEXT", "Cannot use the context from standard input: it is empty; wanted a tar or a Dockerfile");
  if (isArchiveHead(head)) return { layer: await archiveLayer(store, all, signal) };
  return { dockerfile: { path: "-", name: "Dockerfile", bytes: await collect(all, MAX_DOCKERFILE_BYTES, "the Dockerfile") } };
}

const HTTP_FILE = "context";

async function fromHttp(session: Session, url: string, surroundings: ContextSurroundings): Promise<Loaded> {
  const { store } = session;
  const {
    layer: file,
    tree,
    entry,
    timeSec,
    material,
  } = await downloadFile(session, ruled(httpSourceOp(url, HTTP_FILE), surroundings), surroundings);
  const facts = { ...given({ timeSec, material }) };
  const known = store.records.get("archive-context", file.id);
  const kept = typeof known === "string" && isDigest(known) ? openLayer(store, known) : undefined;
  if (kept !== undefined) return { layer: kept, ...facts };
  const { head, all } = await peek(readEntry(tree, entry));
  if (isArchiveHead(head)) {
    const layer = await archiveLayer(store, all, surroundings.signal);
    store.records.put("archive-context", file.id, layer.id, [{ kind: "record", space: "layer", id: layer.id }]);
    return { layer, ...facts };
  }
  return {
    dockerfile: { path: url, name: publicUrl(url), bytes: await collect(all, MAX_DOCKERFILE_BYTES, "the Dockerfile") },
    ...facts,
  };
}

/** A tar, or anything compressed: a Dockerfile is neither. */
function isArchiveHead(head: Buffer): boolean {
  return sniffCompression(head) !== "none" || isTarBlock(head);
}

/** With the owners that the archive says, as BuildKit has it: only a folder's files are root's. */
async function archiveLayer(store: Store, tar: ByteStream, signal: AbortSignal): Promise<Layer> {
  return await importLayerTar(store, tar, { signal, archive: true });
}

/** The first block of a stream, and all of it again. */
async function peek(stream: ByteStream): Promise<{ readonly head: Buffer; readonly all: ByteStream }> {
  const reader = stream[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await reader.next();
    if (next.done === true) break;
    // The owner of a chunk may use it anew.
    chunks.push(Buffer.from(next.value));
    size += next.value.byteLength;
  }
  const all = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield* chunks;
    yield* { [Symbol.asyncIterator]: () => reader };
  };
  return { head: Buffer.concat(chunks).subarray(0, HEAD_BYTES), all: all() };
}

async function dockerfileIn(layer: Layer | undefined, file: string | undefined, title: string): Promise<DockerfileText> {
  const tree = layerTree(layer === undefined ? [] : [layer]);
  const candidates = file === undefined ? ["Dockerfile", "dockerfile"] : [file];
  for (const name of candidates) {
    const { path, entry } = resolvePath(tree, treePath(name), { followLast: true });
    if (entry?.kind === "file")
      return { path: displayPath(path), name: toText(path), bytes: await readTreeFile(tree, path, MAX_DOCKERFILE_BYTES) };
    if (entry !== undefined)
      throw new DecantError("DOCKERFILE_NOT_FOUND", `Cannot read Dockerfile "${name}" of ${title}: it is a ${entry.kind}`);
  }
  throw new DecantError("DOCKERFILE_NOT_FOUND", `Cannot read Dockerfile "${candidates[0]}" of ${title}: no such file`, {
    hint: "In a context that is no folder of this machine, the path of --file starts at the context",
  });
}
