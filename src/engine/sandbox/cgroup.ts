/**
 * Cgroups of steps: where they are, and what they may use. Without a wish for one, steps have none of their own: making one costs more than
 * a small step. Pure.
 */
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";

/** What the steps of a sandbox may use, each on its own. */
export interface SandboxResources {
  readonly memoryBytes?: number;
  /** Memory and swap together; -1: no limit of swap. */
  readonly memorySwapBytes?: number;
  /** A weight; 1024 is the usual one. */
  readonly cpuShares?: number;
  readonly cpuPeriodUsec?: number;
  /** Time in each period. */
  readonly cpuQuotaUsec?: number;
  /** "0-3,5" */
  readonly cpus?: string;
  /** Memory nodes, "0,1". */
  readonly mems?: string;
}

/** A wish for cgroups. */
export interface SandboxCgroup {
  /** The cgroup above those of the steps: a path, or the name of a slice of systemd. Default: "decant". */
  readonly parent?: string;
  readonly resources?: SandboxResources;
}

const DEFAULT_PARENT = "decant";
const SLICE = /^[^/]*\.slice:?$/;

/** Who makes cgroups for the runtime: nobody, the runtime itself, or systemd. */
export function cgroupManager(cgroup: SandboxCgroup | undefined): "disabled" | "cgroupfs" | "systemd" {
  if (cgroup === undefined) return "disabled";
  return SLICE.test(cgroup.parent ?? "") ? "systemd" : "cgroupfs";
}

/** The path for a container. Throws `USAGE` for a parent that leaves the tree of cgroups. */
export function cgroupsPath(cgroup: SandboxCgroup | undefined, containerId: string): string {
  if (cgroup === undefined) return `/${containerId}`;
  const { parent = DEFAULT_PARENT } = cgroup;
  if (parent.split("/").includes("..") || /[\0\n]/.test(parent))
    throw usageError(`Cannot use cgroup parent "${parent}": wanted a path below the root of cgroups, or the name of a slice`);
  if (cgroupManager(cgroup) === "systemd") return `${parent.replace(/:$/, "")}:decant:${containerId}`;
  return `/${[...partsOf(parent), containerId].join("/")}`;
}

/** Where the steps' cgroups are, below the root of cgroups: "" where nobody but the runtime decides it. */
export function cgroupFolder(cgroup: SandboxCgroup | undefined): string {
  return cgroupManager(cgroup) === "cgroupfs" ? partsOf(cgroup?.parent ?? DEFAULT_PARENT).join("/") : "";
}

function partsOf(parent: string): string[] {
  return parent.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
}

/** runtime-spec's `linux.resources`, without devices. */
export function resourcesOf({ resources = {} }: SandboxCgroup): object {
  const { memoryBytes, memorySwapBytes, cpuShares, cpuPeriodUsec, cpuQuotaUsec, cpus, mems } = resources;
  const memory = defined({ limit: memoryBytes, swap: memorySwapBytes });
  const cpu = defined({ shares: cpuShares, period: cpuPeriodUsec, quota: cpuQuotaUsec, cpus, mems });
  return { ...given({ memory, cpu }) };
}

function defined(values: Readonly<Record<string, number | string | undefined>>): object | undefined {
  const found = Object.entries(values).filter(([, value]) => value !== undefined);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
