/** Small graphs by hand: one function an op, with what a test does not care about filled in. */
import type { ExecMeta, ExecOp, FileAction, Mount } from "../../graph/index.ts";
import { type Vertex, vertex, type VertexMeta } from "../../graph/vertex.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** What people see of a vertex; its slot is its name. */
function metaOf(name: string, fields: Partial<VertexMeta> = {}): VertexMeta {
  return { name, ignoreCache: false, internal: false, slot: name, ...fields };
}

/** `fake://NAME`. */
export function source(name: string): Vertex {
  return vertex({ kind: "source", identifier: `fake://${name}`, attrs: {} }, [], PLATFORM, metaOf(`FROM ${name}`));
}

/** Parts of a RUN. */
interface RunFields extends Partial<Omit<ExecOp, "kind" | "meta" | "mounts">> {
  /** The root; absent: an empty one. */
  readonly on?: Vertex;
  /** Further inputs, which mounts name as 1 and up, or as 0 and up without `on`. */
  readonly inputs?: readonly Vertex[];
  readonly mounts?: readonly Mount[];
  readonly exec?: Partial<ExecMeta>;
  readonly meta?: Partial<VertexMeta>;
}

/** The op of a RUN over input 0. */
export function execOp(command: string, { on, mounts = [], exec, secretEnv = [], ...rest }: Omit<RunFields, "meta" | "inputs"> = {}): ExecOp {
  const root: Mount = { type: "bind", input: on === undefined ? -1 : 0, selector: "/", dest: "/", readonly: false, output: 0 };
  const meta: ExecMeta = { args: command.split(" "), env: [], cwd: "/", user: "", proxyEnv: [], extraHosts: [], ulimits: [], ...exec };
  return { kind: "exec", meta, mounts: [root, ...mounts], secretEnv, network: "sandbox", security: "sandbox", devices: [], ...rest };
}

/** A RUN of a program. */
export function run(command: string, { inputs = [], meta, ...fields }: RunFields = {}): Vertex {
  const { on } = fields;
  return vertex(execOp(command, fields), on === undefined ? inputs : [on, ...inputs], PLATFORM, metaOf(`RUN ${command}`, meta));
}

/** One action of a COPY; the source is input 0. */
export function copyAction(src: string, dest: string, fields: Partial<CopyAction> = {}): CopyAction {
  return {
    kind: "copy",
    input: 0,
    src,
    dest,
    followSymlinks: true,
    dirCopyContents: true,
    attemptUnpack: false,
    allowWildcard: true,
    allowEmptyWildcard: true,
    excludePatterns: [],
    ...fields,
  };
}

/** A COPY from a vertex; absent `on`: onto nothing. */
export function copy(
  from: Vertex,
  src: string,
  dest: string,
  { on, meta, ...fields }: Partial<CopyAction> & { readonly on?: Vertex; readonly meta?: Partial<VertexMeta> } = {},
): Vertex {
  const action = copyAction(src, dest, fields);
  return vertex(
    { kind: "file", base: on === undefined ? -1 : 1, actions: [action] },
    on === undefined ? [from] : [from, on],
    PLATFORM,
    metaOf(`COPY ${src} ${dest}`, meta),
  );
}

/** Its inputs on top of each other. */
export function merge(...inputs: readonly Vertex[]): Vertex {
  return vertex({ kind: "merge" }, inputs, PLATFORM, metaOf("merge", { internal: true }));
}
