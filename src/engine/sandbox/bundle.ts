/**
 * The bundle of a step: its root mounted, its small files written, and taken away again. Runs in the worker thread; synchronous calls
 * only, because only this thread sees the mounts. Bundles are on a private tmpfs, so a crash leaves nothing.
 */
import { chmodSync, chownSync, existsSync, lchownSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { errnoOf } from "../../errors.ts";
import { fromText, toBytes } from "../../paths.ts";
import { limitMount, mountBind, mountOverlay, setTimes, setXattr, unmount } from "../../sys/index.ts";
import type { StubEntry } from "./mount-plan.ts";
import type { RunRequest } from "./worker-protocol.ts";

/** Makes the bundle and mounts its root. After a failure, call `clearBundle`. Throws `SYSCALL` and errors of the file system. */
export function prepareBundle(request: RunRequest, userXattr: boolean): void {
  const { bundle, root } = request;
  const rootfs = `${bundle}/rootfs`;
  mkdirSync(rootfs, { recursive: true, mode: 0o755 });
  if (root.kind === "host") {
    mountBind("/", rootfs, { noDevices: true });
  } else {
    // Directories with attributes of their own go where the layers are: a tmpfs cannot hold all of them.
    const stubs = root.stubs.some((stub) => stub.xattrs.size > 0) ? `${root.work}/stubs` : `${bundle}/stubs`;
    const work = `${root.work}/work`;
    mkdirSync(work, { mode: 0o700 });
    makeStubs(stubs, root.stubs);
    const lowers = [stubs, ...root.lowers.toReversed()];
    mountOverlay({ target: rootfs, lowers, upper: root.upper, work, userXattr, names: `${bundle}/names` });
  }
  for (const { path, uid, gid } of request.directories) makeDirectory(toBytes(`${fromText(rootfs)}/${path}`), uid, gid);
  if (root.kind === "overlay") limitMount(rootfs, root.limits);
  for (const { name, source } of request.readOnlyViews) {
    mkdirSync(`${bundle}/${name}`);
    mountBind(source, `${bundle}/${name}`, { readOnly: true });
  }
  for (const [name, content] of request.files) writeFileSync(`${bundle}/${name}`, content, { mode: 0o644 });
}

/** What the runtime wrote to its log. */
export function readLog(request: RunRequest): string {
  try {
    return readFileSync(`${request.bundle}/${request.logFile}`, "utf8");
  } catch (error) {
    // A runtime that has nothing to say does not make one.
    if (errnoOf(error) === "ENOENT") return "";
    throw error;
  }
}

/** Unmounts and removes the bundle, as far as it was made. Never descends into a mount: rmdir of one fails. */
export function clearBundle(request: RunRequest): void {
  const { bundle } = request;
  if (!existsSync(bundle)) return;
  for (const name of ["rootfs", ...request.readOnlyViews.map((view) => view.name)]) {
    if (!existsSync(`${bundle}/${name}`)) continue;
    try {
      unmount(`${bundle}/${name}`);
    } catch {
      // Not mounted yet; if it is, the next line fails.
    }
    rmdirSync(`${bundle}/${name}`);
  }
  rmSync(bundle, { recursive: true });
}

/** Parents come first; times are set last, children first, because making a child changes its parent's. */
function makeStubs(folder: string, stubs: readonly StubEntry[]): void {
  mkdirSync(folder, { mode: 0o755 });
  const base = fromText(folder);
  for (const { path, kind, mode, uid, gid, xattrs } of stubs) {
    const full = `${base}/${path}`;
    if (kind === "dir") mkdirSync(toBytes(full), { mode: 0o700 });
    else writeFileSync(toBytes(full), "", { flag: "wx", mode: 0o600 });
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
  lchownSync(path, uid, gid);
}
