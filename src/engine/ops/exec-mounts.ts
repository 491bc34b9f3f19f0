/**
 * `RUN --mount` at work: what each mount adds to the key (rules S110, S111, S114, S119), and what the sandbox shows. Values of
 * secrets are fetched when the step runs, and go nowhere but into its memory.
 */
import { statSync } from "node:fs";
import type { Digest } from "../../digest.ts";
import { DecantError, InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import type { BindMount, CacheMount, ExecOp, Mount, SecretMount, SshMount, Vertex } from "../../graph/index.ts";
import { fromText, type TreePath } from "../../paths.ts";
import type { SourceRange } from "../../source.ts";
import { copyPart, emptyTree, layerTree, loadLayers, walk } from "../../tree/index.ts";
import { selectMounted } from "../file/mounted.ts";
import type { CopySource } from "../file/selection.ts";
import type { SandboxMount } from "../sandbox/index.ts";
import { serveAgent, type SshAgent } from "../ssh/index.ts";
import type { EngineContext, Ingredient, VertexResult } from "../types.ts";
import { type CacheRequest, cacheSourceIsFile, openCaches, type OpenCaches } from "./cache-mounts.ts";
import { tellDropped } from "./dropped-attributes.ts";
import { copySources } from "./copy-sources.ts";
import { layersOf } from "./inputs.ts";
import { contextDirectory, copiedTree, SELECTED } from "./materialise.ts";
import { mountedDigest } from "./mount-selection.ts";
import { copiedFor, unpackedFor } from "./own-step.ts";

/** The mounts of a step, before it is known whether it runs. */
export interface PreparedMounts {
  readonly ingredients: readonly Ingredient[];
  /** Makes them. Throws `COPY_SOURCE_MISSING`, and `RUN_FAILED` for secrets and agents that are wanted and not given. */
  open(signal: AbortSignal): Promise<OpenMounts>;
}

/** Mounts that a step can use until they are disposed. */
interface OpenMounts extends AsyncDisposable {
  readonly mounts: readonly SandboxMount[];
  /** "NAME=value" of secrets. */
  readonly env: readonly string[];
  readonly shmSizeBytes?: number;
}

const SHM = "/dev/shm";

/** Prepares every mount but the root. Digests the files of binds and of what caches start with. */
export async function prepareMounts(
  vertex: Vertex,
  op: ExecOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<PreparedMounts> {
  const sourceOf = copySources(vertex, inputs, signal);
  const ingredients: Ingredient[] = [];
  const digests = new Map<Mount, Digest>();
  for (const mount of op.mounts) {
    if (mount.dest === "/") continue;
    ingredients.push({ name: `mount on ${mount.dest}`, value: JSON.stringify(keyFacts(mount)) });
    if ((mount.type !== "bind" && mount.type !== "cache") || mount.input < 0) continue;
    const { digest, lines } = await mountedDigest(mount, inputs[mount.input], () => sourceOf(mount.input), context, signal);
    digests.set(mount, digest);
    const shown = `the mount on ${mount.dest}`;
    ingredients.push({ name: `files of ${shown}`, value: digest, kind: "files", shown, ...given({ detail: lines }) });
  }
  for (const { id, name, optional } of op.secretEnv)
    ingredients.push({ name: `secret variable ${name}`, value: JSON.stringify({ id, optional }) });
  ingredients.push(...(await secretIngredients(op, context, signal)));
  const work: MountWork = { vertex, inputs, digests, context, sourceOf };
  return { ingredients, open: (innerSignal) => openMounts(op, work, innerSignal) };
}

/** Secrets whose values the user wants in keys. A step's own words decide nothing here, so that Dockerfiles stay as BuildKit reads them. */
async function secretIngredients(op: ExecOp, { secretKey }: EngineContext, signal: AbortSignal): Promise<Ingredient[]> {
  if (secretKey === undefined) return [];
  const ids = [...op.mounts.flatMap((mount) => (mount.type === "secret" ? [mount.id] : [])), ...op.secretEnv.map(({ id }) => id)];
  const ingredients: Ingredient[] = [];
  for (const id of new Set(ids)) {
    const value = await secretKey(id, signal);
    if (value !== undefined) ingredients.push({ name: `value of secret ${id}`, value });
  }
  return ingredients;
}

/** Where a selection is, and how a cache is named and shared, decide nothing: only what the step sees does. */
function keyFacts(mount: ExecOp["mounts"][number]): unknown {
  switch (mount.type) {
    case "bind":
      return { type: mount.type, readonly: mount.readonly };
    case "cache":
      return { type: mount.type, readonly: mount.readonly, ...(mount.input < 0 ? { selector: mount.selector } : {}) };
    case "tmpfs":
      return { type: mount.type, readonly: mount.readonly, sizeBytes: mount.sizeBytes ?? 0 };
    case "secret":
    case "ssh": {
      const { type, id, mode, uid, gid, optional } = mount;
      return { type, id, mode, uid, gid, optional };
    }
    default:
      return mount satisfies never;
  }
}

interface MountWork {
  readonly vertex: Vertex;
  readonly inputs: readonly VertexResult[];
  /** What the key has of the files that mounts show. */
  readonly digests: ReadonlyMap<Mount, Digest>;
  readonly context: EngineContext;
  readonly sourceOf: (index: number) => Promise<CopySource>;
}

async function openMounts(op: ExecOp, work: MountWork, signal: AbortSignal): Promise<OpenMounts> {
  await using stack = new AsyncDisposableStack();
  const caches = stack.use(await openCaches(work.context.store, cacheRequests(op, work, signal), signal, sharedMounts(work.context)));
  const mounts: SandboxMount[] = [];
  let shmSizeBytes: number | undefined;
  for (const mount of op.mounts) {
    if (mount.dest === "/") continue;
    const place = { target: mount.dest };
    switch (mount.type) {
      case "bind":
        mounts.push(await bindMount(mount, work, signal));
        break;
      case "cache":
        mounts.push(cacheMount(mount, caches));
        break;
      case "tmpfs":
        // It is there for every step: only its size changes.
        if (mount.dest === SHM && !mount.readonly && mount.sizeBytes !== undefined) shmSizeBytes = mount.sizeBytes;
        else {
          const size = given({ sizeBytes: mount.sizeBytes });
          mounts.push({ ...place, kind: "tmpfs", readOnly: mount.readonly, ...size });
        }
        break;
      case "secret": {
        const file = await secretMount(mount, work.context, signal);
        if (file !== undefined) mounts.push(file);
        break;
      }
      case "ssh": {
        const agent = await agentOf(mount, work.context);
        if (agent === undefined) break;
        const served = stack.use(await serveAgent(agent, mount));
        mounts.push({ ...place, kind: "bind", source: served.path, readOnly: false, isFile: true, owner: mount });
        break;
      }
      default:
        mount satisfies never;
    }
  }
  const env: string[] = [];
  for (const { id, name, optional, range } of op.secretEnv) {
    const value = await secretOf(id, { optional, range }, work.context, signal);
    if (value?.includes(0) === true) throw notAVariable(id, range);
    env.push(`${name}=${value === undefined ? "" : Buffer.from(value).toString("utf8")}`);
  }
  const held = stack.move();
  return {
    mounts,
    env,
    ...given({ shmSizeBytes }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function bindMount(
  mount: BindMount,
  { vertex, inputs, digests, context, sourceOf }: MountWork,
  signal: AbortSignal,
): Promise<SandboxMount> {
  const { store } = context;
  const place = { kind: "overlay", target: mount.dest, readOnly: mount.readonly } as const;
  const source = await sourceOf(mount.input);
  const { path } = selectMounted(source, mount);
  const input = inputs[mount.input];
  if (mount.input < 0 || input === undefined) return { ...place, lowers: [], tree: emptyTree, selector: path };
  if (input.kind === "directory") {
    const digest = digests.get(mount);
    if (digest === undefined) throw new InternalError("a bind mount has no digest");
    const { name } = input;
    const copy = await contextDirectory(store, source.tree, path, {
      digest,
      signal,
      around: (copy) => copiedFor(vertex, { name, entries: walk(source.tree, path) }, context, signal, copy),
    });
    return { ...place, lowers: [copy], tree: copiedTree(copy), selector: SELECTED };
  }
  const layers = await loadLayers(input.layers, signal);
  const lowers = await unpackedFor(vertex, layers, context, signal);
  tellDropped(context, layers);
  return { ...place, lowers, tree: layerTree(layers), selector: path };
}

/** What comes from another machine has owners, as layers have. */
function sharedMounts({ shared, sandbox, warn }: EngineContext): Parameters<typeof openCaches>[3] {
  if (shared === undefined) return undefined;
  return {
    mount: (key) => shared.mount(key),
    usedMount: (key, used) => shared.usedMount(key, used),
    copy: async (...args) => (await sandbox()).files.copy(...args),
    warn: (code, message) => warn(code, message, undefined),
  };
}

function cacheRequests(op: ExecOp, { inputs, sourceOf, context }: MountWork, signal: AbortSignal): CacheRequest[] {
  return op.mounts.flatMap((mount): CacheRequest[] => {
    if (mount.type !== "cache") return [];
    if (mount.input < 0) return [{ mount }];
    const input = inputs[mount.input];
    const base = {
      layers: layersOf(input),
      open: () => sourceOf(mount.input),
      async copy(source: CopySource, path: TreePath, { folder, name }: { readonly folder: string; readonly name: string }): Promise<void> {
        // Files of a context are root's; those of layers may be anybody's.
        if (input?.kind !== "layers") return await copyPart(source.tree, path, folder, { name, signal });
        const { files } = await context.sandbox();
        await files.copy(await loadLayers(input.layers, signal), path, { folder, name }, signal);
      },
    };
    return [{ mount, base }];
  });
}

function cacheMount(mount: CacheMount, caches: OpenCaches): SandboxMount {
  const source = caches.pathOf(mount);
  const place = { kind: "bind", target: mount.dest, readOnly: mount.readonly, source } as const;
  // The selection of a base is all that its cache has.
  if (mount.input >= 0 || mount.selector === "/") return { ...place, isFile: !statSync(source).isDirectory() };
  return { ...place, selector: fromText(mount.selector.slice(1)), isFile: cacheSourceIsFile(source, mount) };
}

async function secretMount(mount: SecretMount, context: EngineContext, signal: AbortSignal): Promise<SandboxMount | undefined> {
  const content = await secretOf(mount.id, mount, context, signal);
  if (content === undefined) return undefined;
  const { mode, uid, gid, dest } = mount;
  const options = ["nosuid", ...((mode & 0o111) === 0 ? ["noexec"] : [])];
  return { kind: "file", target: dest, readOnly: true, content, mode, uid, gid, options };
}

async function secretOf(
  id: string,
  wanted: { readonly optional: boolean; readonly range?: SourceRange | undefined },
  context: EngineContext,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const value = await context.secret(id, signal);
  if (value !== undefined || wanted.optional) return value;
  throw new DecantError("RUN_FAILED", `Cannot run the step: secret ${id}: not found; this mount requires it`, {
    hint: `Pass --secret id=${id},src=FILE or --secret id=${id},env=VARIABLE`,
    source: wanted.range && [wanted.range],
  });
}

function notAVariable(id: string, range: SourceRange | undefined): DecantError {
  return new DecantError("RUN_FAILED", `Cannot run the step: secret ${id} has a NUL byte, which no variable can hold`, {
    hint: "Mount it as a file, with target= instead of env=",
    source: range && [range],
  });
}

async function agentOf(mount: SshMount, context: EngineContext): Promise<SshAgent | undefined> {
  const agent = await context.sshAgent(mount.id);
  if (agent !== undefined || mount.optional) return agent;
  throw new DecantError(
    "RUN_FAILED",
    `Cannot run the step: there is no SSH agent "${mount.id}" (unset ssh forward key ${mount.id}); this mount requires it`,
    {
      hint: mount.id === "default" ? "Pass --ssh default" : `Pass --ssh ${mount.id}=SOCKET or --ssh ${mount.id}=KEYFILE`,
      source: mount.range && [mount.range],
    },
  );
}
