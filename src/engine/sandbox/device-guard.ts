/**
 * A cgroup of our own that keeps steps from the device files of this machine, for a runtime that makes no cgroups. It is made once for all
 * steps: a step in a cgroup of its own would wait for the kernel longer than it runs. Version 1: threads can be in it, so the worker is, and its
 * children are born there. Version 2: processes only, so a step's runtime goes into it before it becomes the runtime.
 */
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { errnoOf, isDecantError } from "../../errors.ts";
import { attachDeviceFilter, type DeviceRule, splitDevice } from "../../sys/index.ts";
import { deviceRules, isUsualDevice } from "./device-rules.ts";
import type { SandboxDevice } from "./types.ts";

/** Where cgroups for devices can be made. */
export interface DeviceCgroups {
  readonly version: 1 | 2;
  /** Our own cgroup. */
  readonly own: string;
  /** The same, below the folder of its hierarchy. */
  readonly below: string;
}

/** Makes cgroups for steps. Who swept its instance away has removed them (`instance.ts`). */
export interface DeviceGuard {
  readonly version: 1 | 2;
  /** Our own cgroup: where the worker belongs between steps. */
  readonly own: string;
  /** The cgroup of steps that were given these devices; made when missing. */
  cgroupFor(devices: readonly SandboxDevice[]): string;
}

const CGROUPS = "/sys/fs/cgroup";

/** The cgroups of this process, as /proc/self/mountinfo and /proc/self/cgroup have them. Undefined where there are none for devices. */
export function findDeviceCgroups(mountinfo: string, cgroup: string): DeviceCgroups | undefined {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", place = ""] = before.split(" ");
    const [type = "", , settings = ""] = after.split(" ");
    return [{ root, place, type, settings: settings.split(",") }];
  });
  const paths = new Map(
    cgroup.split("\n").flatMap((line) => {
      const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return path === "" ? [] : controllers.split(",").map((name) => [name, path] as const);
    }),
  );
  const first = mounts.findLast(({ type, place, settings }) => type === "cgroup" && settings.includes("devices") && isDirectlyBelow(place));
  const second = mounts.findLast(({ type, place }) => type === "cgroup2" && place === CGROUPS);
  const mount = first ?? second;
  if (mount === undefined) return undefined;
  const path = paths.get(mount === first ? "devices" : "") ?? "/";
  // A container may see its own cgroup as the root, and still be told the host's path.
  const below = isBelow(path, mount.root) ? path.slice(mount.root === "/" ? 1 : mount.root.length + 1) : "";
  return { version: mount === first ? 1 : 2, own: below === "" ? mount.place : `${mount.place}/${below}`, below };
}

/** The cgroups of this process; undefined where it may make none. */
export function deviceCgroups(): DeviceCgroups | undefined {
  try {
    return findDeviceCgroups(readFileSync("/proc/self/mountinfo", "utf8"), readFileSync("/proc/self/cgroup", "utf8"));
  } catch (error) {
    // No cgroups in this kernel.
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the cgroup of ordinary steps. `name` begins the names of all of them. Undefined where that is not allowed. */
export function openDeviceGuard(cgroups: DeviceCgroups, name: string): DeviceGuard | undefined {
  const { version, own } = cgroups;
  const known = new Map<string, string>();
  const cgroupFor = (devices: readonly SandboxDevice[]): string => {
    const rules = deviceRules(devices);
    const key = JSON.stringify(rules);
    const found = known.get(key);
    if (found !== undefined) return found;
    const folder = `${own}/${name}-devices-${known.size}`;
    mkdirSync(folder);
    if (version === 1) limitFirst(folder, rules);
    else limitSecond(folder, rules);
    known.set(key, folder);
    return folder;
  };
  try {
    cgroupFor([]);
  } catch (error) {
    // A container's cgroups are read-only, and where they are not, BPF may be out of reach.
    const isRefused = isDecantError(error) ? error.code === "SYSCALL" || error.code === "UNSUPPORTED" : errnoOf(error) !== undefined;
    if (!isRefused) throw error;
    return undefined;
  }
  return { version, own, cgroupFor };
}

/**
 * Are all device files of `folder`, which is /dev, of the usual kind? So it is in a container that was given no device of the machine: what keeps
 * the container from them keeps steps too, if anything does, which a probe shows.
 */
export function hasUsualDevicesOnly(folder = "/dev"): boolean {
  return readdirSync(folder, { withFileTypes: true }).every((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return hasUsualDevicesOnly(path);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return true;
    const rdev = lstatSync(path, { throwIfNoEntry: false })?.rdev;
    return rdev === undefined || isUsualDevice({ kind: entry.isBlockDevice() ? "block" : "char", ...splitDevice(rdev) });
  });
}

/** The file that a thread (version 1) or process (version 2) writes itself into. */
export function membersFile(version: 1 | 2, folder: string): string {
  return `${folder}/${version === 1 ? "tasks" : "cgroup.procs"}`;
}

function limitFirst(folder: string, rules: readonly DeviceRule[]): void {
  writeFileSync(`${folder}/devices.deny`, "a");
  for (const { type, major, minor, access } of rules) {
    try {
      writeFileSync(`${folder}/devices.allow`, `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`);
    } catch (error) {
      // The cgroup above does not allow it: then it is not ours to give.
      if (errnoOf(error) !== "EPERM") throw error;
    }
  }
}

function limitSecond(folder: string, rules: readonly DeviceRule[]): void {
  const fd = openSync(folder, "r");
  try {
    attachDeviceFilter(fd, rules);
  } finally {
    closeSync(fd);
  }
}

function isDirectlyBelow(place: string): boolean {
  return place.startsWith(`${CGROUPS}/`) && !place.slice(CGROUPS.length + 1).includes("/");
}

function isBelow(path: string, root: string): boolean {
  return root === "/" || path === root || path.startsWith(`${root}/`);
}
