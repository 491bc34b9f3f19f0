/** A graph of a client (LLB) as ours. What our ops cannot say is refused by name, and never left out. Pure. */
import { fromBinary } from "@bufbuild/protobuf";
import { sha256 } from "../../digest.ts";
import { type DecantError, usageError } from "../../errors.ts";
import { type ExecMeta, type ExecOp, type Mount, type Op as OurOp, type Vertex, vertex } from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";
import {
  type Definition,
  type ExecOp as WireExec,
  type IndexedInput,
  type Meta,
  type Mount as WireMount,
  type Op,
  OpSchema,
  type ProxyEnv,
} from "../wire/llb_pb.ts";
import { fileOutputs } from "./file-from-llb.ts";
import { lacking } from "./lacking.ts";
import { MOUNT_TYPES, NETWORKS, SECURITY, SHARINGS } from "./numbers.ts";
import { unknownField } from "./unknown-field.ts";

const NAME = "llb.customname";
/** A client's graph must not fill our memory. */
const MAX_OPS = 100_000;

/** The result that a definition describes; `platform` is that of ops without one. Throws `USAGE` for a damaged one, `UNSUPPORTED`. */
export function fromDefinition({ def, metadata }: Definition, platform: Platform): Vertex {
  if (def.length > MAX_OPS) throw usageError(`Cannot read the build graph: it has ${def.length} ops; at most ${MAX_OPS} are taken`);
  const made = new Map<string, (output: bigint) => Vertex>();
  for (const [at, bytes] of def.entries()) {
    const op = opIn(bytes);
    const inputs = op.inputs.map(({ digest, index }) => {
      const input = made.get(digest);
      if (input === undefined) throw usageError(`Cannot read the build graph: op ${at} has an input that is not before it`);
      return input(index);
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
    const place = { platform: op.platform === undefined ? platform : platformIn(op.platform), meta };
    made.set(digest, outputsIn(op, inputs, place));
  }
  throw usageError("Cannot read the build graph: it has no end");
}

function opIn(bytes: Uint8Array): Op {
  const op = decoded(bytes);
  const unknown = unknownField(op);
  if (unknown !== undefined) throw lacking(`a field that Decant does not know (${unknown})`);
  return op;
}

function decoded(bytes: Uint8Array): Op {
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

/** What an op gives, by number. */
function outputsIn(
  { op, constraints }: Op,
  inputs: readonly Vertex[],
  { platform, meta }: Pick<Vertex, "platform" | "meta">,
): (output: bigint) => Vertex {
  if ((constraints?.filter.length ?? 0) > 0) throw lacking("a filter of workers");
  const single = (ours: OurOp): ((output: bigint) => Vertex) => {
    const only = vertex(ours, inputs, platform, meta);
    return (output) => {
      if (output !== 0n) throw noOutput(output);
      return only;
    };
  };
  switch (op.case) {
    case "source":
      return single({ kind: "source", identifier: op.value.identifier, attrs: { ...op.value.attrs } });
    case "exec": {
      const exec = execIn(op.value, inputs.length);
      const root = vertex(exec, inputs, platform, meta);
      return (output) => {
        const result = exec.mounts.findIndex((mount) => mount.type === "bind" && BigInt(mount.output) === output);
        if (output === 0n && (result < 0 || exec.mounts[result]?.dest === "/")) return root;
        if (result < 0) throw noOutput(output);
        return exec.mounts[result]?.dest === "/" ? root : vertex({ ...exec, result }, inputs, platform, meta);
      };
    }
    case "file":
      return fileOutputs(op.value.actions, inputs, { platform, meta });
    case "merge":
      if (op.value.inputs.length !== inputs.length || op.value.inputs.some(({ input }, at) => input !== BigInt(at)))
        throw lacking("a merge of inputs in another order");
      return single({ kind: "merge" });
    case "diff": {
      const [lower, upper] = [sideIn(op.value.lower, inputs.length), sideIn(op.value.upper, inputs.length)];
      return single({ kind: "diff", lower, upper });
    }
    case "passthrough":
      if (inputs.length !== 1) throw lacking('an op "passthrough" of several inputs');
      return (output) => {
        const [input] = inputs;
        if (input === undefined || output !== 0n) throw noOutput(output);
        return input;
      };
    case "build":
    case undefined:
      throw lacking(`the op "${op.case ?? "none"}"`);
    default:
      return op satisfies never;
  }
}

/** Without an input it is an empty tree. */
function sideIn(side: IndexedInput | undefined, inputs: number): number {
  const input = side?.input ?? -1n;
  return input === -1n ? -1 : inputIn(input, inputs);
}

/** The number of an input that is there. */
function inputIn(input: bigint, inputs: number): number {
  if (input < 0n || input >= BigInt(inputs)) throw usageError("Cannot read the build graph: an op names an input that it does not have");
  return Number(input);
}

function noOutput(output: bigint): DecantError {
  return usageError(`Cannot read the build graph: an op has no output ${output}`);
}

function execIn({ meta, mounts, network, security, secretEnv, cdiDevices }: WireExec, inputs: number): ExecOp {
  if (meta === undefined) throw usageError("Cannot read the build graph: an exec op has no process");
  return {
    kind: "exec",
    meta: metaIn(meta),
    mounts: mounts.map((mount) => mountIn(mount, inputs)),
    secretEnv: secretEnv.map(({ id, name, optional }) => ({ id, name, optional })),
    network: named(NETWORKS, network, "network mode"),
    security: named(SECURITY, security, "security mode"),
    devices: cdiDevices.map(({ name, optional }) => ({ name, optional })),
  };
}

function metaIn(meta: Meta): ExecMeta {
  if (meta.cgroupParent !== "") throw lacking("a cgroup of an op (cgroupParent)");
  const { validExitCodes, args, env, cwd, user, hostname, extraHosts, ulimit, proxyEnv } = meta;
  return {
    args,
    env,
    cwd,
    user,
    ...(hostname === "" ? {} : { hostname }),
    proxyEnv: proxyEnv === undefined ? [] : proxiesIn(proxyEnv),
    extraHosts: extraHosts.map(({ host, ip }) => ({ host, ip })),
    ulimits: ulimit.map(({ name, soft, hard }) => ({ name, soft: Number(soft), hard: Number(hard) })),
    ...(validExitCodes.length === 0 ? {} : { validExitCodes }),
  };
}

function proxiesIn({ httpProxy, httpsProxy, ftpProxy, noProxy, allProxy }: ProxyEnv): string[] {
  const values = { HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, FTP_PROXY: ftpProxy, NO_PROXY: noProxy, ALL_PROXY: allProxy };
  return Object.entries(values).flatMap(([name, value]) => (value === "" ? [] : [`${name}=${value}`, `${name.toLowerCase()}=${value}`]));
}

function mountIn(mount: WireMount, inputs: number): Mount {
  // What is mounted counts by its files always: a wish for or against that (contentCache) changes no result.
  const { dest, selector, readonly, resultId } = mount;
  if (resultId !== "") throw lacking("a mount with a result ID");
  const input = mount.input === -1n ? -1 : inputIn(mount.input, inputs);
  const output = Number(mount.output);
  const type = named(MOUNT_TYPES, mount.mountType, "type of a mount");
  if (output >= 0 && type !== "bind") throw lacking(`changes of a mount of type ${type}`);
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

function named<Name extends string>(names: readonly Name[], number: number, what: string): Name {
  const name = names[number];
  if (name === undefined) throw lacking(`${what} ${number}`);
  return name;
}
