/**
 * The bundle of a step: its root mounted, its small files written, and taken away again. Runs in the worker thread; synchronous calls
 * only, because only this thread sees the mounts. Bundles are on a private tmpfs, so a crash leaves nothing.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { errnoOf, InternalError, isDecantError } from "../../errors.ts";
import { displayPath, fromText, toBytes } from "../../paths.ts";
import {
  checkIds,
  limitMount,
  makeFolders,
  mountBind,
  mountDescriptor,
  mountOverlay,
  openConfined,
  setTimes,
  setXattr,
  textIfThere,
  unmount,
} from "../../sys/index.ts";
import { type CopiedLayers, copyLayers } from "./copied-layers.ts";
import type { StubEntry } from "./mount-plan.ts";
import type { Layering, RootEntry, RunRequest, SourceRequest } from "./worker-protocol.ts";

const O_PATH = 0o10000000;
/** Makes the bundle and mounts its root. After a failure, call `clearBundle`. Throws `SYSCALL` and errors of the file system. */
export function prepareBundle(request: RunRequest, userXattr: boolean): void {
  const { bundle, root } = request;
  const rootfs = `${bundle}/rootfs`;
  makeFolders(rootfs, { mode: 0o755 });
  if (root.kind === "host") {
    mountBind("/", rootfs, { noDevices: true });
  } else {
    // Directories with attributes of their own go where the layers are: a tmpfs cannot hold all of them.
    const stubs = root.stubs.some((stub) => stub.xattrs.size > 0) ? `${root.work}/stubs` : `${bundle}/stubs`;
    const work = `${root.work}/work`;
    mkdirSync(work, { mode: 0o700 });
    makeUpper(root.upper, root.rootEntry);
    makeStubs(stubs, root.stubs);
    const changes = { upper: root.upper, work };
    const copy = mountLayers(
      { target: rootfs, lowers: root.lowers.toReversed(), stubs, changes, userXattr, names: `${bundle}/names` },
      root,
    );
    copy?.addStubs(root.stubs);
    copy?.begin();
    if (copy !== undefined) copies.set(bundle, copy);
  }
  for (const { path, uid, gid } of request.directories) makeDirectory(toBytes(`${fromText(rootfs)}/${path}`), uid, gid);
  if (root.kind === "overlay") limitMount(rootfs, root.limits);
  for (const source of request.sources) makeSource(source, bundle, userXattr);
  for (const { name, source } of request.readOnlyViews) {
    mkdirSync(`${bundle}/${name}`);
    mountBind(source, `${bundle}/${name}`, { readOnly: true });
  }
  for (const [name, content] of request.files) writeFileSync(`${bundle}/${name}`, content, { mode: 0o644 });
}

/** By their bundles: steps that work on a copy. */
const copies = new Map<string, CopiedLayers>();
/** An overlay was mounted: a failure is then none of the kernel's rules. */
let hasOverlays = false;

/** An overlay with `stubs` below its changes; where the kernel refuses it, a copy of its layers, which is given and has no stubs. */
function mountLayers(
  { stubs, ...overlay }: Parameters<typeof mountOverlay>[0] & { readonly stubs?: string; readonly changes: { readonly work: string } },
  { rootEntry, layering }: { readonly rootEntry: RootEntry; readonly layering: Layering },
): CopiedLayers | undefined {
  const lowers = stubs === undefined ? overlay.lowers : [stubs, ...overlay.lowers];
  if (layering !== "copy") {
    try {
      mountOverlay({ ...overlay, lowers });
      hasOverlays = true;
      return undefined;
    } catch (error) {
      if (layering === "overlay" || hasOverlays || !isDecantError(error, "SYSCALL")) throw error;
    }
  }
  const target = `${overlay.changes.work}-copy`;
  mkdirSync(target);
  const copy = copyLayers(overlay.lowers, target);
  chownSync(target, rootEntry.uid, rootEntry.gid);
  chmodSync(target, rootEntry.mode);
  mountBind(target, overlay.target);
  return copy;
}

/** Brings what a step has changed to where the request wants it. Gives true for one that has worked on a copy. */
export function collectChanges({ bundle, root }: RunRequest): boolean {
  const copy = copies.get(bundle);
  copies.delete(bundle);
  if (copy === undefined || root.kind !== "overlay") return false;
  copy.moveChanges(root.upper);
  return true;
}

/** What the runtime wrote to its log. */
export function readLog(request: RunRequest): string {
  // A runtime that has nothing to say does not make one.
  return textIfThere(`${request.bundle}/${request.logFile}`);
}

/** Unmounts and removes the bundle, as far as it was made. Never descends into a mount: rmdir of one fails. */
export function clearBundle(request: RunRequest): void {
  const { bundle } = request;
  if (!existsSync(bundle)) return;
  const views = request.readOnlyViews.map((view) => view.name);
  const sources = request.sources.flatMap(({ kind, name }) => (kind === "file" || kind === "given" ? [] : [name, overlayName(name)]));
  for (const name of ["rootfs", ...views, ...sources]) {
    const there = lstatSync(`${bundle}/${name}`, { throwIfNoEntry: false });
    if (there === undefined) continue;
    try {
      unmount(`${bundle}/${name}`);
    } catch {
      // Not mounted yet; if it is, the next line fails.
    }
    if (there.isDirectory()) rmdirSync(`${bundle}/${name}`);
    else unlinkSync(`${bundle}/${name}`);
  }
  rmSync(bundle, { recursive: true });
  // Overlayfs makes directories there that only root can enter.
  if (request.root.kind === "overlay") rmSync(request.root.work, { recursive: true, force: true });
}

function overlayName(name: string): string {
  return `${name}-overlay`;
}

function makeSource(request: SourceRequest, bundle: string, userXattr: boolean): void {
  const target = `${bundle}/${request.name}`;
  if (request.kind === "file") {
    writeFileSync(target, request.content, { flag: "wx", mode: 0o600 });
    checkIds("give the file of a mount to its owner", request.uid, [request.gid]);
    chownSync(target, request.uid, request.gid);
    chmodSync(target, request.mode);
    return;
  }
  if (request.kind === "given") {
    checkIds("give a mount to its owner", request.uid, [request.gid]);
    lchownSync(request.path, request.uid, request.gid);
    return;
  }
  const { selector } = request;
  const from = request.kind === "path" ? request.source : `${bundle}/${overlayName(request.name)}`;
  if (request.kind === "overlay") {
    mkdirSync(from, { mode: 0o755 });
    const { upper, work, rootEntry } = request;
    makeFolders(work, { mode: 0o700 });
    makeUpper(upper, rootEntry);
    // An overlay needs a layer, also when there is none.
    const nothing = `${bundle}/${request.name}-empty`;
    if (request.lowers.length === 0) mkdirSync(nothing, { mode: 0o755 });
    const lowers = request.lowers.length === 0 ? [nothing] : request.lowers.toReversed();
    mountLayers({ target: from, lowers, changes: { upper, work }, userXattr, names: `${bundle}/names` }, request);
  }
  if (request.isFile) writeFileSync(target, "", { flag: "wx", mode: 0o600 });
  else mkdirSync(target, { mode: 0o700 });
  bindConfined(from, selector, target);
}

/** Bound by descriptor: nobody can put a symlink in the way between looking and mounting. */
function bindConfined(root: string, selector: string, target: string): void {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openConfined(rootFd, toBytes(selector), O_PATH);
    try {
      mountDescriptor(fd, target);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(rootFd);
  }
}

/** The upper directory is the root directory of the overlay, so it needs owner and mode of the image's. */
function makeUpper(upper: string, { uid, gid, mode }: RootEntry): void {
  makeFolders(upper, { mode: 0o755 });
  if (readdirSync(upper).length > 0) throw new InternalError(`the upper directory "${upper}" of a step is not empty`);
  checkIds('give "/" to its owner', uid, [gid]);
  chownSync(upper, uid, gid);
  chmodSync(upper, mode);
}

/** Parents come first; times are set last, children first, because making a child changes its parent's. */
function makeStubs(folder: string, stubs: readonly StubEntry[]): void {
  mkdirSync(folder, { mode: 0o755 });
  const base = fromText(folder);
  for (const { path, kind, mode, uid, gid, xattrs } of stubs) {
    const full = `${base}/${path}`;
    if (kind === "dir") mkdirSync(toBytes(full), { mode: 0o700 });
    else writeFileSync(toBytes(full), "", { flag: "wx", mode: 0o600 });
    checkIds(`give "${displayPath(path)}" to its owner`, uid, [gid]);
    chownSync(toBytes(full), uid, gid);
    chmodSync(toBytes(full), mode);
    for (const [name, value] of xattrs) setXattr(full, name, value);
  }
  for (const { path, time } of stubs.toReversed()) setTimes(`${base}/${path}`, time);
}

function makeDirectory(path: Buffer, uid: number, gid: number): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    // A mount point for this step is there.
    if (errnoOf(error) === "EEXIST") return;
    throw error;
  }
  checkIds("give the working directory to the user", uid, [gid]);
  lchownSync(path, uid, gid);
}
