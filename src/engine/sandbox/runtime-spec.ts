/**
 * The bundle's config.json (runtime-spec 1.x): what a step may see and do. The defaults are those of Docker and BuildKit (S102, S103).
 * Pure.
 */
import { given } from "../../given.ts";
import { stepCapabilities } from "./capabilities.ts";
import { deviceRules } from "./device-rules.ts";
import type { MountLimits } from "../../sys/index.ts";
import { type SeccompProfile, seccompProfile } from "./seccomp.ts";
import type { SandboxDevice, SandboxHook, SandboxStep, SandboxUlimit, StepNetwork } from "./types.ts";
import type { RunUser } from "./user.ts";

/** A mount of runtime-spec. */
export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** What `runtimeSpec` needs to know. */
export interface SpecOptions {
  readonly rootPath: string;
  /** What the mount at `rootPath` has. */
  readonly limits: MountLimits;
  /** For a runtime that forgets the options of the root's mount: they are set again. */
  readonly remountRoot: boolean;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: RunUser;
  readonly hostname: string;
  readonly network: StepNetwork;
  /** A file of the network namespace for "own". */
  readonly networkPath?: string | undefined;
  /** All of them, in order. */
  readonly mounts: readonly SpecMount[];
  readonly ulimits: readonly SandboxUlimit[];
  readonly insecure: boolean;
  readonly capabilities?: SandboxStep["capabilities"];
  readonly noNewPrivileges?: boolean | undefined;
  /** The size of its terminal, in characters; absent: it has none. */
  readonly terminal?: { readonly height: number; readonly width: number } | undefined;
  readonly devices: readonly SandboxDevice[];
  readonly hooks: readonly SandboxHook[];
  /** A cgroup keeps the step from devices. */
  readonly guarded: boolean;
  /** Our own bounding set of capabilities. */
  readonly bounding: bigint;
  /** As `process.arch`. */
  readonly architecture: string;
  /** The seccomp profile compiled by the runtime itself, in base64. */
  readonly filter?: string | undefined;
  /** For runtimes that insist on cgroups, and where one is wanted. */
  readonly cgroupsPath: string;
  /** Limits of that cgroup, in runtime-spec's form. */
  readonly resources: object;
}

/** The part of runtime-spec that we write. */
interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: object;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly SpecMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly hooks?: Readonly<Record<string, readonly object[]>>;
  readonly linux: {
    readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
    readonly cgroupsPath: string;
    readonly seccomp?: SeccompProfile;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly devices: readonly object[];
    readonly resources: object;
  };
}

const MASKED = `/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi
  /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap /sys/firmware`.split(/\s+/);
const READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split(" ");
/** Of every step. That for cgroups hides where the step is in those of the machine. */
export const NAMESPACES: readonly string[] = ["pid", "ipc", "uts", "mount", "cgroup"];
const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;
const LOOP_DEVICES = 8;
const UMASK = 0o022;
/** "tty", in every distribution. */
export const TTY_GROUP = 5;
const FILTER_ANNOTATION = "run.oci.seccomp_bpf_data";

/** Makes config.json. */
export function runtimeSpec(options: SpecOptions): RuntimeSpec {
  const { insecure, user } = options;
  const capabilities = stepCapabilities(options);
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: options.terminal !== undefined,
      ...given({ consoleSize: options.terminal }),
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, umask: UMASK },
      args: options.args,
      env: options.env,
      cwd: options.cwd,
      // Inheritable ones would outlive setuid programs (CVE-2022-24769).
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: options.ulimits.map(({ name, soft, hard }) => ({
        type: `RLIMIT_${name.toUpperCase()}`,
        soft: limitOf(soft),
        hard: limitOf(hard),
      })),
      // Package installers need setuid programs.
      noNewPrivileges: options.noNewPrivileges ?? false,
    },
    // A read-only root is the limit of its mount: runc forgets the other limits when it makes it read-only itself.
    root: { path: options.rootPath, readonly: false },
    hostname: options.hostname,
    mounts: options.remountRoot && isLimited(options.limits) ? [...options.mounts, rootRemount(options)] : options.mounts,
    // crun takes the compiled filter; whoever does not know it compiles the profile below.
    annotations: insecure || options.filter === undefined ? {} : { [FILTER_ANNOTATION]: options.filter },
    linux: {
      namespaces: namespacesOf(options),
      cgroupsPath: options.cgroupsPath,
      ...(insecure ? {} : { seccomp: seccompProfile(options.architecture, options.guarded) }),
      maskedPaths: insecure ? [] : MASKED,
      readonlyPaths: insecure ? [] : READ_ONLY,
      devices: [...(insecure ? loopDevices() : []), ...options.devices.map((device) => deviceFile(device, user))],
      resources: { ...options.resources, devices: allowedDevices(options) },
    },
    ...(options.hooks.length === 0 ? {} : { hooks: hooksOf(options.hooks) }),
  };
}

/** For runtimes that make cgroups; the others pass over it. */
function allowedDevices({ insecure, devices }: SpecOptions): object[] {
  if (insecure) return [{ allow: true, access: "rwm" }];
  return [{ allow: false, access: "rwm" }, ...deviceRules(devices).map((rule) => ({ allow: true, ...rule }))];
}

function isLimited({ readOnly = false, noDevices = false }: MountLimits): boolean {
  return readOnly || noDevices;
}

function deviceFile({ path, type, major, minor, fileMode, uid, gid }: SandboxDevice, user: RunUser): object {
  return { path, type, major, minor, ...given({ fileMode }), uid: uid ?? user.uid, gid: gid ?? user.gid };
}

function hooksOf(hooks: readonly SandboxHook[]): Readonly<Record<string, readonly object[]>> {
  return Object.fromEntries(
    [...new Set(hooks.map(({ kind }) => kind))].map((wanted) => [
      wanted,
      hooks.filter(({ kind }) => kind === wanted).map(({ kind: _kind, ...hook }) => hook),
    ]),
  );
}

/** RLIM_INFINITY is 2^64-1, which no number of JavaScript is: it is written as text, see `specText`. */
function limitOf(limit: number): number | string {
  return limit < 0 ? "RLIM_INFINITY" : limit;
}

/** config.json as text. Inside of strings every quote is escaped, so the pattern meets limits only. */
export function specText(spec: RuntimeSpec): string {
  return JSON.stringify(spec).replaceAll(/"(soft|hard)":"RLIM_INFINITY"/g, '"$1":18446744073709551615');
}

/** crun mishandles the destination "/", and means the same by "/.". */
function rootRemount({ limits }: SpecOptions): SpecMount {
  const options = [...(limits.noDevices === true ? ["nodev"] : []), limits.readOnly === true ? "ro" : "rw"];
  return { destination: "/.", type: "none", source: "/", options: ["bind", "remount", ...options] };
}

function namespacesOf({ network, networkPath }: SpecOptions): RuntimeSpec["linux"]["namespaces"] {
  const path = network === "own" ? networkPath : undefined;
  const isOwn = network === "none" || path !== undefined;
  const types = NAMESPACES.map((type) => ({ type }));
  return isOwn ? [...types, { type: "network", ...given({ path }) }] : types;
}

/** proc, dev, sys and what is below them, in mount order. */
export function systemMounts(options: {
  readonly insecure: boolean;
  readonly shmSizeBytes?: number;
  readonly cgroup: boolean;
  readonly network: StepNetwork;
  /** There, the kernel shows nothing without what is mounted below it. */
  readonly inUserNamespace: boolean;
  /** There is the group that terminals belong to. */
  readonly hasTtyGroup: boolean;
}): SpecMount[] {
  const access = options.insecure ? "rw" : "ro";
  const mount = (destination: string, type: string, ...settings: string[]): SpecMount => ({
    destination,
    type,
    source: type,
    options: settings,
  });
  return [
    mount("/proc", "proc", "nosuid", "noexec", "nodev"),
    mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount(
      "/dev/pts",
      "devpts",
      "nosuid",
      "noexec",
      "newinstance",
      "ptmxmode=0666",
      "mode=0620",
      ...(options.hasTtyGroup ? [`gid=${TTY_GROUP}`] : []),
    ),
    mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", `size=${options.shmSizeBytes ?? DEFAULT_SHM_BYTES}`),
    mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    // A network namespace has one sysfs; the host's is mounted writable already, and the kernel refuses it with another access.
    options.network === "host"
      ? {
          destination: "/sys",
          type: "bind",
          source: "/sys",
          options: [options.inUserNamespace ? "rbind" : "bind", "nosuid", "noexec", "nodev", access],
        }
      : mount("/sys", "sysfs", "nosuid", "noexec", "nodev", access),
    ...(options.cgroup ? [mount("/sys/fs/cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", access)] : []),
  ];
}

/** Insecure steps make disk images. */
function loopDevices(): object[] {
  const device = (path: string, type: "b" | "c", major: number, minor: number): object => ({
    path,
    type,
    major,
    minor,
    fileMode: 0o660,
    uid: 0,
    gid: 0,
  });
  const loops = Array.from({ length: LOOP_DEVICES }, (_, number) => device(`/dev/loop${number}`, "b", 7, number));
  return [device("/dev/loop-control", "c", 10, 237), ...loops];
}
