/** A graph of a client (LLB) as ours. What our ops cannot say is refused by name, and never left out. Pure. */
import { isUtf8 } from "node:buffer";
import { fromBinary } from "@bufbuild/protobuf";
import { sha256 } from "../../digest.ts";
import { type DecantError, unsupported, usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import {
  type ChownOpt,
  type ExecMeta,
  type ExecOp,
  type FileAction,
  type FileOp,
  type Mount,
  type Op as OurOp,
  type Vertex,
  vertex,
} from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";
import {
  type ChownOpt as WireOwner,
  type Definition,
  type ExecOp as WireExec,
  type FileAction as WireAction,
  type FileCopy,
  type Meta,
  type Mount as WireMount,
  type Op,
  OpSchema,
  type ProxyEnv,
  type UserOpt,
} from "../wire/llb_pb.ts";
import { MOUNT_TYPES, NETWORKS, SECURITY, SHARINGS } from "./numbers.ts";

const NAME = "llb.customname";
const NSEC = 1_000_000_000n;
/** A client's graph must not fill our memory. */
const MAX_OPS = 100_000;

/** The result that a definition describes; `platform` is that of ops without one. Throws `USAGE` for a damaged one, `UNSUPPORTED`. */
export function fromDefinition({ def, metadata }: Definition, platform: Platform): Vertex {
  if (def.length > MAX_OPS) throw usageError(`Cannot read the build graph: it has ${def.length} ops; at most ${MAX_OPS} are taken`);
  const made = new Map<string, Vertex>();
  for (const [at, bytes] of def.entries()) {
    const op = opIn(bytes);
    const inputs = op.inputs.map(({ digest, index }) => {
      const input = made.get(digest);
      if (input === undefined) throw usageError(`Cannot read the build graph: op ${at} has an input that is not before it`);
      if (index !== 0n) throw lacking("an output of an op besides the first");
      return input;
    });
    const [last] = inputs;
    if (op.op.case === undefined) {
      if (last === undefined || inputs.length !== 1 || at !== def.length - 1)
        throw usageError("Cannot read the build graph: its end names no result");
      return last;
    }
    const digest = sha256(bytes);
    const { ignoreCache = false, description = {}, linuxResources } = metadata[digest] ?? {};
    if (linuxResources !== undefined) throw lacking("limits of an op (LinuxResources)");
    const name = description[NAME] ?? op.op.case;
    const meta = { name, ignoreCache, internal: false, slot: digest };
    made.set(digest, vertex(ourOp(op, inputs.length), inputs, op.platform === undefined ? platform : platformIn(op.platform), meta));
  }
  throw usageError("Cannot read the build graph: it has no end");
}

function opIn(bytes: Uint8Array): Op {
  try {
    return fromBinary(OpSchema, bytes);
  } catch (cause) {
    throw usageError(`Cannot read the build graph: an op is damaged (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function platformIn({ architecture, os, variant, osVersion, osFeatures }: NonNullable<Op["platform"]>): Platform {
  if (osVersion !== "" || osFeatures.length > 0) throw lacking("a version or features of an operating system");
  return { architecture, os, ...(variant === "" ? {} : { variant }) };
}

function ourOp({ op, constraints }: Op, inputs: number): OurOp {
  if ((constraints?.filter.length ?? 0) > 0) throw lacking("a filter of workers");
  switch (op.case) {
    case "source":
      return { kind: "source", identifier: op.value.identifier, attrs: { ...op.value.attrs } };
    case "exec":
      return execIn(op.value);
    case "file":
      return fileIn(op.value.actions, inputs);
    case "merge":
      if (op.value.inputs.length !== inputs || op.value.inputs.some(({ input }, at) => input !== BigInt(at)))
        throw lacking("a merge of inputs in another order");
      return { kind: "merge" };
    case "build":
    case "diff":
    case "passthrough":
    case undefined:
      throw lacking(`the op "${op.case ?? "none"}"`);
    default:
      return op satisfies never;
  }
}

function execIn({ meta, mounts, network, security, secretEnv, cdiDevices }: WireExec): ExecOp {
  if (meta === undefined) throw usageError("Cannot read the build graph: an exec op has no process");
  return {
    kind: "exec",
    meta: metaIn(meta),
    mounts: mounts.map(mountIn),
    secretEnv: secretEnv.map(({ id, name, optional }) => ({ id, name, optional })),
    network: named(NETWORKS, network, "network mode"),
    security: named(SECURITY, security, "security mode"),
    devices: cdiDevices.map(({ name, optional }) => ({ name, optional })),
  };
}

function metaIn(meta: Meta): ExecMeta {
  if (meta.cgroupParent !== "") throw lacking("a cgroup of an op (cgroupParent)");
  if (meta.validExitCodes.length > 0) throw lacking("exit codes that are no failure (validExitCodes)");
  const { args, env, cwd, user, hostname, extraHosts, ulimit, proxyEnv } = meta;
  return {
    args,
    env,
    cwd,
    user,
    ...(hostname === "" ? {} : { hostname }),
    proxyEnv: proxyEnv === undefined ? [] : proxiesIn(proxyEnv),
    extraHosts: extraHosts.map(({ host, ip }) => ({ host, ip })),
    ulimits: ulimit.map(({ name, soft, hard }) => ({ name, soft: Number(soft), hard: Number(hard) })),
  };
}

function proxiesIn({ httpProxy, httpsProxy, ftpProxy, noProxy, allProxy }: ProxyEnv): string[] {
  const values = { HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, FTP_PROXY: ftpProxy, NO_PROXY: noProxy, ALL_PROXY: allProxy };
  return Object.entries(values).flatMap(([name, value]) => (value === "" ? [] : [`${name}=${value}`, `${name.toLowerCase()}=${value}`]));
}

function mountIn(mount: WireMount): Mount {
  const { dest, selector, readonly, resultId, contentCache } = mount;
  if (resultId !== "" || contentCache !== 0) throw lacking("a mount with a result ID or a content cache of its own");
  const [input, output] = [Number(mount.input), Number(mount.output)];
  const type = named(MOUNT_TYPES, mount.mountType, "type of a mount");
  if (output > 0 || (output === 0 && (type !== "bind" || dest !== "/"))) throw lacking("changes of a mount besides the root");
  switch (type) {
    case "bind":
      return { type, input, selector, dest, readonly, output };
    case "cache":
      return {
        type,
        input,
        selector,
        dest,
        readonly,
        id: mount.cacheOpt?.id ?? "",
        sharing: named(SHARINGS, mount.cacheOpt?.sharing ?? 0, "sharing of a cache"),
      };
    case "tmpfs": {
      const size = Number(mount.tmpfsOpt?.size ?? 0n);
      return { type, dest, readonly, ...(size === 0 ? {} : { sizeBytes: size }) };
    }
    case "secret":
    case "ssh": {
      const options = type === "secret" ? mount.secretOpt : mount.sshOpt;
      if (options === undefined) throw usageError(`Cannot read the build graph: a mount of type ${type} has no options`);
      const { id, uid, gid, mode, optional } = options;
      return { type, id, dest, mode, uid, gid, optional };
    }
    default:
      return type satisfies never;
  }
}

/** A chain of actions, each on the result of the one before. */
function fileIn(actions: readonly WireAction[], inputs: number): FileOp {
  const [first] = actions;
  if (first === undefined) throw usageError("Cannot read the build graph: a file op has no actions");
  for (const [at, { input, output }] of actions.entries()) {
    const isChained = at === 0 ? input < BigInt(inputs) : input === BigInt(inputs + at - 1);
    if (!isChained || output !== (at === actions.length - 1 ? 0n : -1n)) throw lacking("file actions that are no chain");
  }
  return { kind: "file", base: Number(first.input), actions: actions.map((action) => actionIn(action, inputs)) };
}

function actionIn({ action, secondaryInput }: WireAction, inputs: number): FileAction {
  switch (action.case) {
    case "copy":
      if (secondaryInput < 0n || secondaryInput >= BigInt(inputs)) throw lacking("a copy of what another action has made");
      return copyIn(action.value, Number(secondaryInput));
    case "mkfile": {
      const { path, mode, data, owner, timestamp } = action.value;
      if (timestamp !== -1n) throw lacking("a time of a file that is made");
      if (!isUtf8(data)) throw lacking("a file that is made of other bytes than UTF-8");
      return { kind: "mkfile", path, mode, data: Buffer.from(data).toString("utf8"), ...ownerIn(owner) };
    }
    case "mkdir": {
      const { path, mode, makeParents, owner, timestamp } = action.value;
      if (timestamp !== -1n && timestamp % NSEC !== 0n) throw lacking("a time of a directory that is no whole second");
      const mtimeSec = timestamp === -1n ? undefined : Number(timestamp / NSEC);
      return { kind: "mkdir", path, mode, makeParents, ...ownerIn(owner), ...given({ mtimeSec }) };
    }
    case "rm":
    case "symlink":
    case undefined:
      throw lacking(`the file action "${action.case ?? "none"}"`);
    default:
      return action satisfies never;
  }
}

function copyIn(copy: FileCopy, input: number): FileAction {
  // The root is always there.
  if (!copy.createDestPath && !/^\/*[^/]*\/*$/.test(copy.dest)) throw lacking("a copy that makes no directories");
  if (copy.timestamp !== -1n) throw lacking("a time of copied files");
  if (copy.alwaysReplaceExistingDestPaths) throw lacking("a copy that replaces what is there (alwaysReplaceExistingDestPaths)");
  const mode = copy.modeStr !== "" ? copy.modeStr : copy.mode >= 0 ? copy.mode.toString(8) : undefined;
  return {
    kind: "copy",
    input,
    src: copy.src,
    dest: copy.dest,
    ...ownerIn(copy.owner),
    ...given({ mode }),
    followSymlinks: copy.followSymlink,
    dirCopyContents: copy.dirCopyContents,
    attemptUnpack: copy.attemptUnpack,
    allowWildcard: copy.allowWildcard,
    allowEmptyWildcard: copy.allowEmptyWildcard,
    excludePatterns: copy.excludePatterns,
    ...(copy.includePatterns.length === 0 ? {} : { includePatterns: copy.includePatterns }),
    ...(copy.requiredPaths.length === 0 ? {} : { requiredPaths: copy.requiredPaths }),
  };
}

function ownerIn(owner: WireOwner | undefined): { owner?: ChownOpt } {
  if (owner === undefined) return {};
  return { owner: given({ user: whoIn(owner.user), group: whoIn(owner.group) }) };
}

function whoIn(who: UserOpt | undefined): string | number | undefined {
  if (who?.user.case === "byId") return who.user.value;
  if (who?.user.case !== "byName") return undefined;
  if (who.user.value.input > 0n) throw lacking("a name of a user that another input knows");
  return who.user.value.name;
}

function named<Name extends string>(names: readonly Name[], number: number, what: string): Name {
  const name = names[number];
  if (name === undefined) throw lacking(`${what} ${number}`);
  return name;
}

function lacking(what: string): DecantError {
  return unsupported(`A build graph (LLB) with ${what}`, { row: "F152" });
}
