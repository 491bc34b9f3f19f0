/**
 * What this machine lets a build do, as `decant doctor` tells it: each point with how it is, which way Decant goes because of it, and the command that
 * mends what is missing. RUN is judged by a runtime that really starts here.
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isDecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { formatPlatform, hostPlatform } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { findSystemTool, findTool, type IdMaps, isOnOverlay, isRootHere, namespaceLimit, ownIdMaps, idsCommand } from "../../sys/index.ts";
import { deviceCgroups } from "./device-guard.ts";
import { createSandbox } from "./sandbox.ts";
import type { Sandbox } from "./types.ts";
import { mayMount } from "./worker-client.ts";

/** One thing about this machine. */
export interface MachinePoint {
  readonly name: string;
  /** "good"; "limited": builds work, with less; "missing": some builds fail. */
  readonly state: "good" | "limited" | "missing";
  /** How it is, and what follows. */
  readonly text: string;
  /** What mends it. */
  readonly remedy?: string;
}

const SMALL_DISK_BYTES = 2 * 1024 ** 3;
const CGROUPS = "/sys/fs/cgroup";
const TUN = "/dev/net/tun";
const EMULATORS = "/proc/sys/fs/binfmt_misc";

/** Looks at this machine, for builds in `store`. A runtime is tried, which takes up to a second. */
export async function examineMachine(store: Store, env: Readonly<Record<string, string | undefined>>): Promise<MachinePoint[]> {
  const { run, layers } = await trial(store, env);
  return [
    run,
    user(),
    ...(isRootHere() ? [] : [namespaces(), ids(ownIdMaps(env))]),
    network(env),
    runtimes(env),
    place(store),
    layers,
    cgroups(),
    seccomp(),
    emulators(),
  ];
}

/** Starts a runtime as the first RUN of a build would. */
async function trial(
  store: Store,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly run: MachinePoint; readonly layers: MachinePoint }> {
  await using sandbox = createSandbox({ stateDir: join(store.root, "sandbox"), store, env });
  return { run: await runPoint(sandbox), layers: await layersPointOf(sandbox) };
}

async function runPoint(sandbox: Sandbox): Promise<MachinePoint> {
  try {
    await sandbox.prepare();
    const way = mayMount() ? "with the right to mount" : "without root, in a user namespace";
    return { name: "RUN", state: "good", text: `works, ${way}` };
  } catch (error) {
    if (!isDecantError(error)) throw error;
    const text = `${error.message}. COPY, ADD and distroless bases work all the same`;
    return { name: "RUN", state: "missing", text, ...given({ remedy: error.hint }) };
  }
}

async function layersPointOf(sandbox: Sandbox): Promise<MachinePoint> {
  try {
    return layersPoint(await sandbox.tryLayers(), mayMount());
  } catch (error) {
    if (!isDecantError(error) || error.code === "USAGE") throw error;
    return { name: "layers", state: "limited", text: "not tried, because RUN does not work" };
  }
}

/** How steps see their layers as one tree. `isDirect`: root mounts them, not a user namespace. */
export function layersPoint(
  { wanted, refusal, worksInMemory = false }: Awaited<ReturnType<Sandbox["tryLayers"]>>,
  isDirect: boolean,
): MachinePoint {
  const name = "layers";
  if (wanted === "copy") {
    const text = "each step works on a copy of them, as DECANT_LAYERS=copy wants";
    return { name, state: "limited", text, ...(refusal === undefined ? { remedy: "Unset DECANT_LAYERS: overlays work here" } : {}) };
  }
  if (refusal === undefined) return { name, state: "good", text: "joined by overlays of the kernel" };
  const blame = worksInMemory ? "the kernel takes no overlays on the file system of the store" : "the kernel refuses overlays";
  const remedy = worksInMemory
    ? "Set DECANT_ROOT to a folder of another file system, such as ext4, XFS, btrfs or a tmpfs"
    : isDirect
      ? "As root: modprobe overlay"
      : "Use Linux 5.11 or newer, with the module overlay (as root: modprobe overlay), and a security policy that allows it";
  return wanted === "overlay"
    ? { name, state: "missing", text: `${blame}, and DECANT_LAYERS=overlay wants nothing else: ${refusal}`, remedy }
    : { name, state: "limited", text: `each step works on a copy of them, because ${blame}: ${refusal}`, remedy };
}

function user(): MachinePoint {
  if (!isRootHere()) return { name: "user", state: "good", text: `user ${process.geteuid?.() ?? 0}, not root` };
  return { name: "user", state: "good", text: mayMount() ? "root" : "root without CAP_SYS_ADMIN, as in a container" };
}

function namespaces(): MachinePoint {
  const limit = namespaceLimit();
  if (limit === undefined) return { name: "user namespaces", state: "good", text: "no setting of the kernel forbids them" };
  return { name: "user namespaces", state: "missing", text: limit.state, remedy: limit.remedy };
}

function ids({ uids, gids, lack }: IdMaps): MachinePoint {
  const [users, groups] = [uids, gids].map((ranges) => ranges.reduce((sum, { count }) => sum + count, 0));
  if (lack === undefined) return { name: "ids", state: "good", text: `${users} users and ${groups} groups` };
  const remedy = `As root: ${idsCommand()}`;
  return { name: "ids", state: "limited", text: `one only: ${lack}. Steps and images that need others fail`, remedy };
}

function network(env: Readonly<Record<string, string | undefined>>): MachinePoint {
  const found = findTool("pasta", env) ?? findTool("slirp4netns", env);
  const shared = "steps are on the network of this machine";
  if (found === undefined)
    return { name: "network", state: "limited", text: `${shared}: no pasta, no slirp4netns`, remedy: "apt-get install passt" };
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return { name: "network", state: "good", text: `steps have one of their own, by ${found}` };
  } catch {
    const remedy =
      existsSync(TUN) && !isRootHere() ? `As root: chmod 666 ${TUN}` : `As root: modprobe tun; in a container: --device ${TUN}`;
    return {
      name: "network",
      state: "limited",
      text: `${shared}: ${existsSync(TUN) ? "this user may not open" : "there is no"} ${TUN}`,
      remedy,
    };
  }
}

function runtimes(env: Readonly<Record<string, string | undefined>>): MachinePoint {
  const found = ["crun", "runc"].flatMap((name) => findSystemTool(name, env) ?? []);
  if (found.length > 0) return { name: "runtimes", state: "good", text: found.join(", ") };
  return { name: "runtimes", state: "missing", text: "neither crun nor runc is on PATH: RUN fails", remedy: "apt-get install crun" };
}

function place({ root }: Store): MachinePoint {
  const { bavail, bsize } = statfsSync(root);
  const freeBytes = bavail * bsize;
  const free = `${root}, ${(freeBytes / 1e9).toFixed(1)} GB free`;
  if (isOnOverlay(root)) {
    const text = `${free}, on an overlay: steps keep their changes in memory`;
    return { name: "store", state: "limited", text, remedy: "Set DECANT_ROOT to a folder of a volume or a tmpfs" };
  }
  return freeBytes < SMALL_DISK_BYTES
    ? { name: "store", state: "limited", text: `${free}: little for builds`, remedy: "decant prune" }
    : { name: "store", state: "good", text: free };
}

function cgroups(): MachinePoint {
  const found = deviceCgroups();
  const version = existsSync(`${CGROUPS}/cgroup.controllers`) ? "version 2" : found === undefined ? "none" : "version 1";
  if (mayMount() && found !== undefined) return { name: "cgroups", state: "good", text: `${version}; they keep steps from devices` };
  return { name: "cgroups", state: "limited", text: `${version}; steps have no limits of memory and time of their own without root` };
}

function seccomp(): MachinePoint {
  const actions = textOf("/proc/sys/kernel/seccomp/actions_avail");
  const armor = textOf("/sys/module/apparmor/parameters/enabled").startsWith("Y") ? "; AppArmor is on" : "";
  return actions.includes("errno")
    ? { name: "seccomp", state: "good", text: `the kernel filters system calls of steps${armor}` }
    : { name: "seccomp", state: "missing", text: `the kernel has no filters${armor}`, remedy: "Use a kernel with CONFIG_SECCOMP_FILTER" };
}

function emulators(): MachinePoint {
  const names = namesIn(EMULATORS).filter((name) => name.startsWith("qemu-"));
  if (names.length > 0) return { name: "emulators", state: "good", text: names.join(", ") };
  const text = `none: RUN works for ${formatPlatform(hostPlatform({ arch: process.arch }))} only`;
  return { name: "emulators", state: "limited", text, remedy: "As root: apt-get install qemu-user-static binfmt-support" };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // A kernel without it.
    return "";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not mounted.
    return [];
  }
}
