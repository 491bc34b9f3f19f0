/** What devices do to a step: their edits, joined, with what only the host knows of its device files. */
import { lstatSync, type Stats } from "node:fs";
import { sha256 } from "../../digest.ts";
import { DecantError, errnoOf, unsupported } from "../../errors.ts";
import { given } from "../../given.ts";
import type { SandboxDevice, SandboxHook, SandboxMount } from "../sandbox/index.ts";
import type { CdiDeviceNode, CdiEdits, CdiMount } from "./cdi-spec.ts";
import type { RegisteredDevice } from "./registry.ts";

/** What a step gets. */
export interface DeviceInjection {
  /** Whole names of the devices. */
  readonly names: readonly string[];
  /** Of all that is done to the step: part of its key. */
  readonly digest: string;
  /** "NAME=value" */
  readonly env: readonly string[];
  readonly devices: readonly SandboxDevice[];
  readonly mounts: readonly SandboxMount[];
  readonly hooks: readonly SandboxHook[];
  readonly additionalGids: readonly number[];
}

/** Joins the edits: of each specification once, then of each device. Throws `RUNTIME` for device files that are not there, `UNSUPPORTED`. */
export function injectDevices(found: readonly RegisteredDevice[]): DeviceInjection {
  const edits: CdiEdits[] = [];
  const specs = new Set<unknown>();
  for (const { device, spec } of found) {
    if (!specs.has(spec) && spec.containerEdits !== undefined) edits.push(spec.containerEdits);
    specs.add(spec);
    edits.push(device.containerEdits);
  }
  const names = found.map(({ name }) => name);
  for (const each of edits) refuseUnknown(names, each);
  const nodes = new Map(edits.flatMap(({ deviceNodes = [] }) => deviceNodes).map((node) => [node.path, node]));
  const mounts = new Map(edits.flatMap((each) => each.mounts ?? []).map((mount) => [mount.containerPath, mount]));
  return {
    names,
    digest: sha256(JSON.stringify(edits)),
    env: [...new Map(edits.flatMap(({ env = [] }) => env).map((pair) => [pair.slice(0, pair.indexOf("=")), pair])).values()],
    devices: [...nodes.values()].map(deviceOf),
    mounts: [...mounts.values()].map(mountOf),
    hooks: edits.flatMap(({ hooks = [] }) => hooks).map(({ hookName, ...hook }) => ({ kind: hookName, ...hook })),
    additionalGids: edits.flatMap(({ additionalGids = [] }) => additionalGids).filter((gid) => gid !== 0),
  };
}

function refuseUnknown(names: readonly string[], { netDevices, intelRdt }: CdiEdits): void {
  const what = (netDevices?.length ?? 0) > 0 ? "netDevices" : intelRdt === undefined ? undefined : "intelRdt";
  if (what !== undefined) throw unsupported(`"${what}" in the CDI specification of ${names.join(", ")}`, { row: "F22" });
}

/** The type and numbers of a node that does not say its own are those of the host's file. */
function deviceOf(node: CdiDeviceNode): SandboxDevice {
  const { path, hostPath = path, permissions, uid, gid } = node;
  if (!path.startsWith("/dev/")) throw unsupported(`Device file "${path}" of a CDI specification, outside of /dev,`, { row: "F22" });
  const isWhole = node.type !== undefined && ((node.major ?? 0) !== 0 || node.type === "p");
  const stats = statOf(hostPath, isWhole);
  const known = stats === undefined ? undefined : { ...hostDevice(stats), fileMode: stats.mode & 0o7777 };
  const type = node.type ?? known?.type;
  const isOther = !isWhole && node.type !== undefined && known?.type !== undefined && node.type !== known.type;
  if (type === undefined || isOther)
    throw notADevice(hostPath, isOther ? `it is no device of type "${node.type}"` : "it is no device file");
  const fileMode = node.fileMode ?? known?.fileMode;
  const access = permissions === undefined || permissions === "" ? "rwm" : permissions;
  const numbers =
    (node.major ?? 0) === 0 ? { major: known?.major ?? 0, minor: known?.minor ?? 0 } : { major: node.major ?? 0, minor: node.minor ?? 0 };
  return {
    path,
    type,
    ...(type === "p" ? { major: 0, minor: 0 } : numbers),
    access,
    ...given({ fileMode, uid, gid }),
  };
}

function statOf(path: string, isOptional: boolean): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isOptional) return undefined;
    throw notADevice(path, `it cannot be read (${errnoOf(error) ?? String(error)})`);
  }
}

function notADevice(path: string, state: string): DecantError {
  return new DecantError("RUNTIME", `Cannot show device file "${path}" of a CDI specification: ${state}`);
}

function hostDevice(stats: Stats): { readonly type?: "b" | "c" | "p"; readonly major: number; readonly minor: number } {
  const type = stats.isBlockDevice() ? "b" : stats.isCharacterDevice() ? "c" : stats.isFIFO() ? "p" : undefined;
  const number = BigInt(stats.rdev);
  return {
    ...given({ type }),
    // makedev(3)
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & ~0xffn)),
  };
}

const BIND_WORDS = new Set(["bind", "rbind", "ro", "rw", "private", "rprivate"]);

function mountOf({ hostPath, containerPath, options = [], type = "" }: CdiMount): SandboxMount {
  if (type !== "" && type !== "bind") throw unsupported(`A mount of type "${type}" in a CDI specification`, { row: "F22" });
  const rest = options.filter((option) => !BIND_WORDS.has(option));
  return { kind: "bind", source: hostPath, target: containerPath, readOnly: options.includes("ro"), options: rest };
}
