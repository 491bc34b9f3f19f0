/** From a step to what the worker is asked: user, environment, mounts, config.json, and the directories of the overlay. */
import { isatty } from "node:tty";
import { usageError } from "../../errors.ts";
import { DEFAULT_PATH } from "../../oci/index.ts";
import { treePath } from "../../paths.ts";
import { checkIds, hasGroup, type IdMaps } from "../../sys/index.ts";
import { resolvePath } from "../../tree/index.ts";
import { withCaVariables } from "./ca-certificates.ts";
import { boundingSet } from "./capabilities.ts";
import { cgroupsPath, resourcesOf, type SandboxCgroup } from "./cgroup.ts";
import type { DeviceGuard } from "./device-guard.ts";
import { noTerminal } from "./errors.ts";
import { missingDirectories } from "./mount-plan.ts";
import { hostResolvConf, hostsFile, resolvConf } from "./network-files.ts";
import { type Runtime, runtimeArgv } from "./runtime.ts";
import { runtimeSpec, type SpecOptions, specText, systemMounts, TTY_GROUP } from "./runtime-spec.ts";
import { HOSTS_FILE, RESOLV_FILE, rootEntryOf, stepMounts } from "./step-mounts.ts";
import type { SandboxStep } from "./types.ts";
import { resolveUser } from "./user.ts";
import type { Layering, RootRequest, RunRequest } from "./worker-protocol.ts";

/** Where a run happens. */
export interface BundlePlace {
  readonly runtime: Runtime;
  /** The worker's private directory. */
  readonly privateDir: string;
  /** Names the container; unique on this machine. */
  readonly containerId: string;
  /** Absent: steps have no cgroup of their own. */
  readonly cgroup?: SandboxCgroup;
  /** An existing empty directory on the file system of `upper`. */
  readonly work: string;
  readonly layering: Layering;
  /** Makes cgroups for runtimes that make none. */
  readonly guard?: DeviceGuard;
  /** Steps run in one, ours or one that we are in. */
  readonly inUserNamespace: boolean;
  /** The ids of the helper's user namespace. */
  readonly ids?: IdMaps;
}

/** The worker's request but for the outputs, which the caller opens. */
type BundleRequest = Omit<RunRequest, "type" | "request" | "stdin" | "stdout" | "stderr">;

const DEFAULT_HOSTNAME = "buildkitsandbox";
const CONFIG_FILE = "config.json";
const LOG_FILE = "runtime.log";
/** Where crun keeps the compiled filter of a running container. */
const FILTER_FILE = "seccomp.bpf";
const RUNTIME_ENV = { PATH: DEFAULT_PATH };
/** Exit code of a probe that could open device files of this machine. */
export const DEVICES_OPEN = 77;
/** There are no such devices, so nothing but a cgroup says EPERM; only then the console is tried. All may be made, and a harmless one opened. */
const GUARDED_SCRIPT = `
mknod /dev/null-2 c 1 3 && : < /dev/null-2 || exit ${DEVICES_OPEN}
for device in b:259:1048575 c:511:1048575 c:5:1; do
  mknod /dev/$device $(echo $device | tr : " ") || exit ${DEVICES_OPEN}
  case $( (: < /dev/$device) 2>&1 ) in *"not permitted"*) ;; *) exit ${DEVICES_OPEN};; esac
done
cat "$0" 2>/dev/null || :`;
/** Without a cgroup, `nodev` of the root is what counts. */
const UNGUARDED_SCRIPT = `
while read -r id parent device root place flags rest; do
  [ "$place" = / ] && case ",$flags," in *,nodev,*) closed=1;; *) closed=0;; esac
done </proc/self/mountinfo
[ "$closed" = 1 ] || exit ${DEVICES_OPEN}
cat "$0" 2>/dev/null || :`;
const NO_LIMITS = { ulimits: [], insecure: false, devices: [], hooks: [] } as const;

/** Prepares a step. Touches no files. Throws `RUN_USER`, `RUNTIME`, and errors of the file system. */
export async function stepBundle(step: SandboxStep, place: BundlePlace): Promise<BundleRequest> {
  if (step.args.length === 0) throw usageError("Cannot run a step: it has no arguments; the first one is the program");
  if (step.terminal === true && (step.stdin !== "inherit" || step.output !== "inherit" || !isatty(0))) throw noTerminal();
  const { hostname = DEFAULT_HOSTNAME, root } = step;
  const bundle = bundleDir(place);
  const nowMs = Date.now();
  const now = { sec: Math.floor(nowMs / 1000), nsec: (nowMs % 1000) * 1_000_000 };
  const found = await resolveUser(root, step.user);
  const user = { ...found, additionalGids: [...new Set([...found.additionalGids, ...(step.additionalGids ?? [])])] };
  if (place.ids !== undefined) checkIds("run the step", user.uid, [user.gid, ...user.additionalGids], place.ids);
  const { mounts, stubs, sources, readOnlyViews } = stepMounts(step, {
    bundle,
    work: place.work,
    layering: place.layering,
    runtime: place.runtime,
    inUserNamespace: place.inUserNamespace,
    hasTtyGroup: hasGroup(TTY_GROUP, place.ids),
    now,
  });
  const cwd = resolvePath(root, treePath(step.cwd), { followLast: true });
  const isOpen = step.insecure === true || place.runtime.guarded;
  const limits = { readOnly: step.readOnlyRoot === true, noDevices: !isOpen && step.foreignDevices !== false };
  const config = runtimeSpec({
    ...NO_LIMITS,
    ...step,
    rootPath: `${bundle}/rootfs`,
    env: withDefaults(step.caCertificates === undefined ? step.env : withCaVariables(step.env), user.home),
    user,
    hostname,
    limits,
    mounts,
    terminal: step.terminal === true ? terminalSize() : undefined,
    ...runtimeNeeds(place),
    bounding: boundingSet(),
    architecture: process.arch,
  });
  return {
    ...invocation(place, step),
    root: {
      kind: "overlay",
      lowers: step.lowers,
      upper: step.upper,
      work: place.work,
      layering: place.layering,
      rootEntry: rootEntryOf(root),
      stubs,
      limits,
    },
    files: [
      [CONFIG_FILE, specText(config)],
      [HOSTS_FILE, hostsFile(hostname, step.extraHosts ?? [], step.network)],
      [RESOLV_FILE, resolvConf(hostResolvConf(), step.network, step.nameserver)],
    ],
    directories: missingDirectories(root, cwd.path).map((path) => ({ path, uid: user.uid, gid: user.gid })),
    sources,
    readOnlyViews,
  };
}

/**
 * A run of the host's own shell that shows whether a runtime works here, and prints the seccomp filter that the runtime compiled, where
 * it keeps one: the host's root has our private mounts in it.
 */
export function probeBundle(place: BundlePlace): BundleRequest {
  const config = runtimeSpec({
    ...NO_LIMITS,
    rootPath: `${bundleDir(place)}/rootfs`,
    args: [
      "/bin/sh",
      "-c",
      place.runtime.guarded ? GUARDED_SCRIPT : UNGUARDED_SCRIPT,
      `${runtimeState(place)}/${place.containerId}/${FILTER_FILE}`,
    ],
    env: ["PATH=/usr/bin:/bin"],
    cwd: "/",
    user: { uid: 0, gid: 0, additionalGids: [0], home: "/" },
    hostname: DEFAULT_HOSTNAME,
    limits: { noDevices: true },
    network: "host",
    mounts: systemMounts({
      insecure: false,
      cgroup: place.runtime.cgroup,
      network: "host",
      inUserNamespace: place.inUserNamespace,
      hasTtyGroup: hasGroup(TTY_GROUP, place.ids),
    }),
    ...runtimeNeeds(place),
    bounding: boundingSet(),
    architecture: process.arch,
  });
  const root: RootRequest = { kind: "host" };
  return {
    ...invocation(place, NO_LIMITS),
    root,
    files: [[CONFIG_FILE, JSON.stringify(config)]],
    directories: [],
    sources: [],
    readOnlyViews: [],
  };
}

function runtimeNeeds(place: BundlePlace): Pick<SpecOptions, "filter" | "remountRoot" | "guarded" | "cgroupsPath" | "resources"> {
  const { name, guarded, filter } = place.runtime;
  return {
    remountRoot: name === "crun",
    guarded,
    cgroupsPath: cgroupsPath(place.cgroup, place.containerId),
    resources: place.cgroup === undefined ? {} : resourcesOf(place.cgroup),
    filter,
  };
}

function runtimeState(place: BundlePlace): string {
  return `${place.privateDir}/runtime`;
}

function bundleDir(place: BundlePlace): string {
  return `${place.privateDir}/${place.containerId}`;
}

function invocation(
  place: BundlePlace,
  { insecure = false, devices = [], terminal = false }: Pick<SandboxStep, "insecure" | "devices" | "terminal">,
): Pick<BundleRequest, "bundle" | "argv" | "env" | "logFile" | "deviceCgroup" | "ownGroup"> {
  const bundle = bundleDir(place);
  const paths = { stateDir: runtimeState(place), bundle, log: `${bundle}/${LOG_FILE}`, id: place.containerId, cgroup: place.cgroup };
  const guard = insecure || !place.runtime.guarded ? undefined : place.guard;
  return {
    bundle,
    argv: runtimeArgv(place.runtime, paths),
    env: RUNTIME_ENV,
    logFile: LOG_FILE,
    // Only the foreground's processes may read a terminal. Its Ctrl-C is a character then, which the container's own terminal takes.
    ownGroup: !terminal,
    ...(guard === undefined ? {} : { deviceCgroup: guard.cgroupFor(devices) }),
  };
}

/** Later changes reach the runtime by a signal. */
function terminalSize(): { readonly height: number; readonly width: number } {
  return { height: process.stdout.rows || 24, width: process.stdout.columns || 80 };
}

function withDefaults(env: readonly string[], home: string): string[] {
  const path = env.some((pair) => pair.startsWith("PATH=")) ? [] : [`PATH=${DEFAULT_PATH}`];
  const hasHome = env.some((pair) => pair.startsWith("HOME=") && pair !== "HOME=");
  return [...path, ...(hasHome ? env : [...env.filter((pair) => pair !== "HOME="), `HOME=${home}`])];
}
