/** All mounts of a step in runtime-spec's form: the system's, the step's files, and what the step asks for (S103, S113, S118). */
import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { compareTreePaths, displayPath, isWithin, treePath } from "../../paths.ts";
import type { FileTime } from "../../sys/index.ts";
import type { Tree } from "../../tree/index.ts";
import { CA_BUNDLE_TARGET } from "./ca-certificates.ts";
import { mountConflict } from "./errors.ts";
import { planMounts, type StubEntry } from "./mount-plan.ts";
import { type SpecMount, systemMounts } from "./runtime-spec.ts";
import type { SandboxMount, SandboxStep } from "./types.ts";

/** Mounts of a step, and what the worker must make for them. */
export interface StepMounts {
  readonly mounts: readonly SpecMount[];
  readonly stubs: readonly StubEntry[];
  readonly readOnlyViews: readonly { readonly name: string; readonly source: string }[];
}

/** Names of the bundle's files that are mounted. */
export const HOSTS_FILE = "hosts";
export const RESOLV_FILE = "resolv.conf";

interface Wanted {
  readonly mount: SandboxMount & { readonly isFile: boolean };
  readonly destination: string;
}

/** Plans the mounts of a step over `bundle`. Throws `RUNTIME` for mounts that do not fit the image or each other. */
export function stepMounts(
  step: SandboxStep,
  options: { readonly bundle: string; readonly cgroup: boolean; readonly now: FileTime },
): StepMounts {
  const { bundle, cgroup, now } = options;
  const { insecure = false, shmSizeBytes } = step;
  const system = systemMounts({ insecure, cgroup, network: step.network, ...(shmSizeBytes === undefined ? {} : { shmSizeBytes }) });
  const wanted = [
    fileMount(`${bundle}/${RESOLV_FILE}`, "/etc/resolv.conf"),
    fileMount(`${bundle}/${HOSTS_FILE}`, "/etc/hosts"),
    ...(step.caCertificates === undefined ? [] : [fileMount(step.caCertificates, CA_BUNDLE_TARGET)]),
    // Outer ones first, whatever their order in the Dockerfile.
    ...step.mounts.map(withKind).toSorted((a, b) => compareTreePaths(treePath(a.target), treePath(b.target))),
  ];
  // What is below /dev and /sys is there once those are mounted.
  const roots = system.filter(({ destination }) => destination.lastIndexOf("/") === 0);
  const plan = planMounts(step.root, [...roots.map(({ destination }) => ({ target: destination, isFile: false })), ...wanted], now);
  const placed = wanted.map((mount, at): Wanted => ({ mount, destination: plan.destinations[roots.length + at] ?? "" }));
  const views: { name: string; source: string }[] = [];
  const own = placed.map(({ mount, destination }, at): SpecMount => {
    const inner = placed.slice(at + 1).filter((other) => isWithin(treePath(other.destination), treePath(destination)));
    const specMount = {
      destination: displayPath(treePath(destination)),
      options: [...optionsOf(step.root, mount, destination), ...(insecure ? [] : ["nodev"])],
    };
    if (mount.kind === "tmpfs") return { ...specMount, type: "tmpfs", source: "tmpfs" };
    const source = sourceOf(mount);
    if (!mount.readOnly || inner.length === 0 || mount.isFile) return { ...specMount, type: "bind", source };
    // The runtime would make mount points inside of the source before it becomes read-only.
    for (const other of inner) checkInside(source, mount, destination, other);
    views.push({ name: `view-${at}`, source });
    return { ...specMount, type: "bind", source: `${bundle}/view-${at}` };
  });
  return { mounts: [...system, ...own], stubs: plan.stubs, readOnlyViews: views };
}

function fileMount(source: string, target: string): SandboxMount & { readonly isFile: boolean } {
  return { kind: "bind", source, target, readOnly: true, isFile: true };
}

function withKind(mount: SandboxMount): SandboxMount & { readonly isFile: boolean } {
  if (mount.kind === "tmpfs") return { ...mount, isFile: false };
  return { ...mount, isFile: mount.isFile ?? !statSync(sourceOf(mount)).isDirectory() };
}

function sourceOf(mount: SandboxMount): string {
  if (mount.source === undefined) throw mountConflict(mount.target, "it has no source; a bind mount needs one");
  return mount.source;
}

function optionsOf(root: Tree, mount: SandboxMount, destination: string): string[] {
  const access = mount.readOnly ? "ro" : "rw";
  const { options = [] } = mount;
  if (mount.kind === "bind") return ["rbind", "rprivate", access, ...options];
  const entry = root.lookup(treePath(destination));
  // As runc does it: a tmpfs looks like the directory that it covers.
  const mode = options.some((option) => option.startsWith("mode="))
    ? []
    : [`mode=${(entry?.kind === "dir" ? entry.mode : 0o1777).toString(8)}`];
  const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
  return ["nosuid", access, ...mode, ...size, ...options];
}

function checkInside(source: string, outer: SandboxMount, destination: string, inner: Wanted): void {
  const rest = inner.destination.slice(destination.length + 1);
  if (rest === "" || lstatSync(join(source, rest), { throwIfNoEntry: false }) !== undefined) return;
  throw mountConflict(
    inner.mount.target,
    `"${outer.target}" is mounted read-only and has no "${rest}" to mount on`,
    `Add rw to the mount on "${outer.target}", or make "${rest}" in its source`,
  );
}
