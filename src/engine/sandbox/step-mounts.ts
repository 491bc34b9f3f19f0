/** All mounts of a step in runtime-spec's form: the system's, the step's files, and what the step asks for (S103, S113, S118). */
import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { given } from "../../given.ts";
import { compareTreePaths, displayPath, isWithin, joinTreePath, ROOT, type TreePath, treePath } from "../../paths.ts";
import type { FileTime } from "../../sys/index.ts";
import type { Tree } from "../../tree/index.ts";
import { CA_BUNDLE_TARGET } from "./ca-certificates.ts";
import { mountConflict } from "./errors.ts";
import { planMounts, type StubEntry } from "./mount-plan.ts";
import type { Runtime } from "./runtime.ts";
import { type SpecMount, systemMounts } from "./runtime-spec.ts";
import type { SandboxMount, SandboxStep } from "./types.ts";
import type { Layering, RootEntry, SourceRequest } from "./worker-protocol.ts";

/** Mounts of a step, and what the worker must make for them. */
interface StepMounts {
  readonly mounts: readonly SpecMount[];
  readonly stubs: readonly StubEntry[];
  readonly sources: readonly SourceRequest[];
  readonly readOnlyViews: readonly { readonly name: string; readonly source: string }[];
}

/** Names of the bundle's files that are mounted. */
export const HOSTS_FILE = "hosts";
export const RESOLV_FILE = "resolv.conf";

/** A mount with its place without symlinks. */
interface Wanted {
  readonly mount: KnownMount;
  readonly destination: TreePath;
}

type KnownMount = SandboxMount & { readonly isFile: boolean };

/** Plans the mounts of a step over `bundle`. Throws `RUNTIME` for mounts that do not fit the image or each other. */
export function stepMounts(
  step: SandboxStep,
  options: {
    readonly bundle: string;
    readonly work: string;
    readonly layering: Layering;
    readonly runtime: Pick<Runtime, "cgroup" | "guarded">;
    readonly inUserNamespace: boolean;
    readonly hasTtyGroup: boolean;
    readonly now: FileTime;
  },
): StepMounts {
  const { bundle, work, runtime, inUserNamespace, hasTtyGroup, now } = options;
  const { cgroup } = runtime;
  const { insecure = false, shmSizeBytes } = step;
  const system = systemMounts({ insecure, cgroup, network: step.network, inUserNamespace, hasTtyGroup, ...given({ shmSizeBytes }) });
  const targets = new Set(step.mounts.map(({ target }) => treePath(target)));
  const network = [fileMount(`${bundle}/${RESOLV_FILE}`, "/etc/resolv.conf"), fileMount(`${bundle}/${HOSTS_FILE}`, "/etc/hosts")];
  const wanted = [
    // What the step mounts there itself takes their place.
    ...network.filter(({ target }) => !targets.has(treePath(target))),
    ...(step.caCertificates === undefined ? [] : [fileMount(step.caCertificates, CA_BUNDLE_TARGET)]),
    // Outer ones first, whatever their order in the Dockerfile.
    ...step.mounts.map(withKind).toSorted((a, b) => compareTreePaths(treePath(a.target), treePath(b.target))),
  ];
  // What is below /dev and /sys is there once those are mounted.
  const roots = system.filter(({ destination }) => destination.lastIndexOf("/") === 0);
  const plan = planMounts(step.root, [...roots.map(({ destination }) => ({ target: destination, isFile: false })), ...wanted], now);
  const placed = wanted.map((mount, at): Wanted => ({ mount, destination: plan.destinations[roots.length + at] ?? ROOT }));
  for (const [at, { destination }] of roots.entries())
    for (const each of placed) checkSystem(each, destination, plan.destinations[at] ?? ROOT);
  const sources: SourceRequest[] = [];
  const views: { name: string; source: string }[] = [];
  const own = placed.map(({ mount, destination }, at): SpecMount => {
    const inner = placed.slice(at + 1).filter((other) => isWithin(other.destination, destination));
    // What others have written may hold devices; in memory of the step's own there are only those that it could make.
    const isOpen = mount.kind !== "file" && (insecure || runtime.guarded || mount.kind === "tmpfs");
    const specMount = {
      destination: displayPath(destination),
      options: [...optionsOf(step.root, mount, destination), ...(isOpen ? [] : ["nodev"])],
    };
    if (mount.kind === "tmpfs") return { ...specMount, type: "tmpfs", source: "tmpfs" };
    const made = madeSource(mount, `source-${at}`, { work, layering: options.layering });
    if (made !== undefined) sources.push(made);
    const source = made === undefined || made.kind === "given" ? sourceOf(mount) : `${bundle}/${made.name}`;
    if (!mount.readOnly || inner.length === 0 || mount.isFile) return { ...specMount, type: "bind", source };
    // The runtime would make mount points inside of the source before it becomes read-only.
    for (const other of inner) checkInside(mount, destination, other);
    views.push({ name: `view-${at}`, source });
    return { ...specMount, type: "bind", source: `${bundle}/view-${at}` };
  });
  return { mounts: [...system, ...own], stubs: plan.stubs, sources, readOnlyViews: views };
}

/** What the root directory of a step is to be. */
export function rootEntryOf(tree: Tree): RootEntry {
  const { uid = 0, gid = 0, mode = 0o755 } = tree.lookup(ROOT) ?? {};
  return { uid, gid, mode };
}

/** What is in /proc is the kernel's: a runtime tells it about the step. Without /dev, it finds no device file. */
function checkSystem({ mount, destination }: Wanted, name: string, place: TreePath): void {
  const state =
    name === "/proc" && isWithin(destination, place)
      ? "it is in /proc, which shows the kernel's view of the step"
      : name === "/dev" && destination === place && mount.kind !== "tmpfs"
        ? "it is /dev, which has the device files of the step"
        : undefined;
  if (state !== undefined) throw mountConflict(mount.target, `${state}; wanted another path`);
}

function fileMount(source: string, target: string): KnownMount {
  return { kind: "bind", source, target, readOnly: true, isFile: true };
}

function withKind(mount: SandboxMount): KnownMount {
  switch (mount.kind) {
    case "tmpfs":
      return { ...mount, isFile: false };
    case "file":
      return { ...mount, isFile: true };
    case "overlay":
      return { ...mount, isFile: mount.selector !== ROOT && mount.tree.lookup(mount.selector)?.kind !== "dir" };
    case "bind":
      return { ...mount, isFile: mount.isFile ?? !statSync(sourceOf(mount)).isDirectory() };
    default:
      return mount satisfies never;
  }
}

/** What the worker makes for a mount; undefined where the host has it. */
function madeSource(
  mount: Exclude<KnownMount, { readonly kind: "tmpfs" }>,
  name: string,
  { work, layering }: { readonly work: string; readonly layering: Layering },
): SourceRequest | undefined {
  const { isFile } = mount;
  switch (mount.kind) {
    case "file": {
      const { content, mode, uid, gid } = mount;
      return { kind: "file", name, content, mode, uid, gid };
    }
    case "overlay": {
      const { lowers, selector, tree } = mount;
      const folder = `${work}/${name}`;
      const overlay = { lowers, upper: mount.upper ?? `${folder}/upper`, work: `${folder}/work`, rootEntry: rootEntryOf(tree), layering };
      return { kind: "overlay", name, ...overlay, selector, isFile };
    }
    case "bind": {
      const { selector, owner } = mount;
      if (owner !== undefined) return { kind: "given", name, path: sourceOf(mount), uid: owner.uid, gid: owner.gid };
      return selector === undefined ? undefined : { kind: "path", name, source: sourceOf(mount), selector, isFile };
    }
    default:
      return mount satisfies never;
  }
}

function sourceOf(mount: SandboxMount): string {
  if (mount.kind !== "bind" || mount.source === undefined) throw mountConflict(mount.target, "it has no source; a bind mount needs one");
  return mount.source;
}

function optionsOf(root: Tree, mount: SandboxMount, destination: TreePath): string[] {
  const access = mount.readOnly ? "ro" : "rw";
  const { options = [] } = mount;
  if (mount.kind !== "tmpfs") return ["rbind", "rprivate", access, ...options];
  const entry = root.lookup(destination);
  // As runc does it: a tmpfs looks like the directory that it covers.
  const mode = options.some((option) => option.startsWith("mode="))
    ? []
    : [`mode=${(entry?.kind === "dir" ? entry.mode : 0o1777).toString(8)}`];
  const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
  return ["nosuid", access, ...mode, ...size, ...options];
}

function checkInside(outer: SandboxMount, destination: TreePath, inner: Wanted): void {
  const rest = inner.destination.slice(destination.length + 1);
  if (rest === "" || hasInside(outer, rest)) return;
  throw mountConflict(
    inner.mount.target,
    `"${outer.target}" is mounted read-only and has no "${rest}" to mount on`,
    `Add rw to the mount on "${outer.target}", or make "${rest}" in its source`,
  );
}

function hasInside(mount: SandboxMount, rest: string): boolean {
  if (mount.kind === "overlay") return mount.tree.lookup(joinTreePath(mount.selector, rest)) !== undefined;
  const folder = mount.kind === "bind" && mount.selector !== undefined ? join(sourceOf(mount), mount.selector) : sourceOf(mount);
  return lstatSync(join(folder, rest), { throwIfNoEntry: false }) !== undefined;
}
