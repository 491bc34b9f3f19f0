/** Our graph as clients and servers of BuildKit exchange it (LLB): one op for each vertex, inputs first, and a last one that names the result. Pure. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Digest, sha256 } from "../../digest.ts";
import { type ChownOpt, type ExecOp, type FileAction, type FileOp, type Mount, reachable, type Vertex } from "../../graph/index.ts";
import {
  type ChownOptSchema,
  type Definition,
  DefinitionSchema,
  type ExecOpSchema,
  type FileActionSchema,
  type MountSchema,
  OpSchema,
  type UserOptSchema,
} from "../wire/llb_pb.ts";
import { MOUNT_TYPES, NETWORKS, SECURITY, SHARINGS } from "./numbers.ts";

/** "llb.customname": what progress shows. */
const NAME = "llb.customname";
const NSEC = 1_000_000_000n;
/** A mode that is a number. */
export const OCTAL: RegExp = /^[0-7]+$/;

/** For whom the graph is. */
interface DefinitionOptions {
  /** Modes in octal as numbers: older builders know no others. Default false: as they are written. */
  readonly numericModes?: boolean | undefined;
}

/** The graph below `target`. Equal graphs give equal bytes. */
export function toDefinition(target: Vertex, { numericModes = false }: DefinitionOptions = {}): Definition {
  const digests = new Map<string, Digest>();
  const def: Uint8Array[] = [];
  const metadata: Record<string, { ignoreCache: boolean; description: Record<string, string> }> = {};
  const inputOf = (vertex: Vertex): { digest: string; index: bigint } => ({
    digest: digests.get(vertex.id) ?? "",
    index: outputOf(vertex),
  });
  for (const vertex of reachable(target)) {
    const { architecture, os, variant = "" } = vertex.platform;
    const op = {
      inputs: vertex.inputs.map(inputOf),
      op: opOf(vertex, numericModes),
      platform: { architecture, os, variant },
      constraints: {},
    };
    const bytes = toBinary(OpSchema, create(OpSchema, op));
    const digest = sha256(bytes);
    digests.set(vertex.id, digest);
    def.push(bytes);
    metadata[digest] = { ignoreCache: vertex.meta.ignoreCache, description: { [NAME]: vertex.meta.name } };
  }
  def.push(toBinary(OpSchema, create(OpSchema, { inputs: [inputOf(target)] })));
  return create(DefinitionSchema, { def, metadata });
}

/** Which output of its op a vertex is. */
function outputOf({ op }: Vertex): bigint {
  const mount = op.kind === "exec" && op.result !== undefined ? op.mounts[op.result] : undefined;
  return mount?.type === "bind" ? BigInt(mount.output) : 0n;
}

type OpInit = NonNullable<Exclude<MessageInitShape<typeof OpSchema>, { $typeName: string }>["op"]>;

function opOf({ op, inputs }: Vertex, numericModes: boolean): OpInit {
  switch (op.kind) {
    case "source":
      return { case: "source", value: { identifier: op.identifier, attrs: sorted(op.attrs) } };
    case "exec":
      return { case: "exec", value: execOf(op) };
    case "file":
      return { case: "file", value: { actions: fileActions(op, inputs.length, numericModes) } };
    case "merge":
      return { case: "merge", value: { inputs: inputs.map((_, input) => ({ input: BigInt(input) })) } };
    case "diff":
      return { case: "diff", value: { lower: { input: BigInt(op.lower) }, upper: { input: BigInt(op.upper) } } };
    default:
      return op satisfies never;
  }
}

function sorted(attrs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attrs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function execOf({ meta, mounts, secretEnv, network, security, devices }: ExecOp): MessageInitShape<typeof ExecOpSchema> {
  const { args, env, cwd, user, hostname = "", extraHosts, ulimits, proxyEnv, validExitCodes = [] } = meta;
  return {
    meta: {
      args: [...args],
      env: [...env],
      cwd,
      user,
      hostname,
      removeMountStubsRecursive: true,
      validExitCodes: [...validExitCodes],
      extraHosts: extraHosts.map(({ host, ip }) => ({ host, ip })),
      ulimit: ulimits.map(({ name, soft, hard }) => ({ name, soft: BigInt(soft), hard: BigInt(hard) })),
      ...(proxyEnv.length === 0 ? {} : { proxyEnv: proxiesOf(proxyEnv) }),
    },
    mounts: mounts.map(mountOf),
    network: NETWORKS.indexOf(network),
    security: SECURITY.indexOf(security),
    secretEnv: secretEnv.map(({ id, name, optional }) => ({ id, name, optional })),
    cdiDevices: devices.map(({ name, optional }) => ({ name, optional })),
  };
}

function proxiesOf(lines: readonly string[]): Record<"httpProxy" | "httpsProxy" | "ftpProxy" | "noProxy" | "allProxy", string> {
  const values = new Map(lines.map((line) => [line.slice(0, line.indexOf("=")).toLowerCase(), line.slice(line.indexOf("=") + 1)]));
  const of = (name: string): string => values.get(name) ?? "";
  return {
    httpProxy: of("http_proxy"),
    httpsProxy: of("https_proxy"),
    ftpProxy: of("ftp_proxy"),
    noProxy: of("no_proxy"),
    allProxy: of("all_proxy"),
  };
}

function mountOf(mount: Mount): MessageInitShape<typeof MountSchema> {
  const common = { dest: mount.dest, mountType: MOUNT_TYPES.indexOf(mount.type), input: -1n, output: -1n };
  switch (mount.type) {
    case "bind":
      return {
        ...common,
        input: BigInt(mount.input),
        output: BigInt(mount.output),
        selector: mount.selector,
        readonly: mount.readonly,
      };
    case "cache":
      return {
        ...common,
        input: BigInt(mount.input),
        selector: mount.selector,
        readonly: mount.readonly,
        cacheOpt: { id: mount.id, sharing: SHARINGS.indexOf(mount.sharing) },
      };
    case "tmpfs":
      return { ...common, readonly: mount.readonly, tmpfsOpt: { size: BigInt(mount.sizeBytes ?? 0) } };
    case "secret":
    case "ssh": {
      const { id, uid, gid, mode, optional } = mount;
      return { ...common, [mount.type === "secret" ? "secretOpt" : "sshOpt"]: { id, uid, gid, mode, optional } };
    }
    default:
      return mount satisfies never;
  }
}

/** Actions are a chain: each one's input is the output of the one before, counted after the inputs of the op. */
function fileActions({ base, actions }: FileOp, inputs: number, numericModes: boolean): MessageInitShape<typeof FileActionSchema>[] {
  return actions.map((action, at) => ({
    input: BigInt(at === 0 ? base : inputs + at - 1),
    secondaryInput: BigInt(action.kind === "copy" ? action.input : -1),
    output: at === actions.length - 1 ? 0n : -1n,
    action: actionOf(action, numericModes),
  }));
}

type ActionInit = NonNullable<Exclude<MessageInitShape<typeof FileActionSchema>, { $typeName: string }>["action"]>;

function actionOf(action: FileAction, numericModes: boolean): ActionInit {
  switch (action.kind) {
    case "copy": {
      const isNumber = numericModes && OCTAL.test(action.mode ?? "");
      return {
        case: "copy",
        value: {
          src: action.src,
          dest: action.dest,
          ...ownerOf(action.owner),
          mode: isNumber ? Number.parseInt(action.mode ?? "", 8) : -1,
          modeStr: isNumber ? "" : (action.mode ?? ""),
          followSymlink: action.followSymlinks,
          dirCopyContents: action.dirCopyContents,
          attemptUnpack: action.attemptUnpack,
          createDestPath: action.existingDestOnly !== true,
          alwaysReplaceExistingDestPaths: action.replacesOther === true,
          allowWildcard: action.allowWildcard,
          allowEmptyWildcard: action.allowEmptyWildcard,
          timestamp: timeOf(action),
          includePatterns: [...(action.includePatterns ?? [])],
          excludePatterns: [...action.excludePatterns],
          requiredPaths: [...(action.requiredPaths ?? [])],
        },
      };
    }
    case "mkfile": {
      const { path, mode, data, encoding = "utf8", owner } = action;
      return { case: "mkfile", value: { path, mode, data: Buffer.from(data, encoding), ...ownerOf(owner), timestamp: timeOf(action) } };
    }
    case "mkdir": {
      const { path, mode, makeParents, owner } = action;
      return { case: "mkdir", value: { path, mode, makeParents, ...ownerOf(owner), timestamp: timeOf(action) } };
    }
    case "symlink": {
      const { path, target, owner } = action;
      return { case: "symlink", value: { oldpath: target, newpath: path, ...ownerOf(owner), timestamp: timeOf(action) } };
    }
    case "rm": {
      const { path, allowNotFound, allowWildcard } = action;
      return { case: "rm", value: { path, allowNotFound, allowWildcard } };
    }
    default:
      return action satisfies never;
  }
}

function timeOf({ mtimeSec }: { readonly mtimeSec?: number }): bigint {
  return mtimeSec === undefined ? -1n : BigInt(mtimeSec) * NSEC;
}

function ownerOf(owner: ChownOpt | undefined): { owner?: MessageInitShape<typeof ChownOptSchema> } {
  if (owner === undefined) return {};
  return {
    owner: {
      ...(owner.user === undefined ? {} : { user: whoOf(owner.user) }),
      ...(owner.group === undefined ? {} : { group: whoOf(owner.group) }),
    },
  };
}

/** Names are looked up in the tree that is written to: the input of the action. */
function whoOf(who: string | number): MessageInitShape<typeof UserOptSchema> {
  return { user: typeof who === "number" ? { case: "byId", value: who } : { case: "byName", value: { name: who, input: 0n } } };
}
