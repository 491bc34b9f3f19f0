/**
 * Folders of this machine, read as contexts are: with FIFOs, sockets, devices, links that lead out, paths of 4,096 bytes, names that are no
 * text, files of 1 TiB without a byte; and files that become something else while they are read. A case is a list of pairs of bytes: what is
 * done, and to which name.
 */
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fromText, ROOT } from "../../../src/paths.ts";
import { makeNode } from "../../../src/sys/index.ts";
import { hostTree, subtreeDigest, type Tree, treeTar, walk, writeLayer } from "../../../src/tree/index.ts";
import { treeItems } from "../../../src/tree/tree-tar.ts";
import { openCanary } from "../lab.ts";
import { holds } from "../make.ts";
import type { Lab, Target } from "../types.ts";

const MAX_OPS = 24;
/** Larger files are only begun: one of 1 TiB would go on for a while. */
const MAX_READ = 1024 * 1024;
const SPARSE_BYTES = 2 ** 40;
/** What lies outside, in all files that are there. */
const CANARY = "canary";

const NAMES = [
  "a",
  "b",
  "d",
  "d/a",
  "d/b",
  "d/e",
  "d/e/a",
  "l",
  "l/a",
  "l/passwd",
  "é",
  "\n",
  "x".repeat(255),
  ".wh.a",
  "..a",
  "d..",
] as const;
const LINKS = ["../outside", "../outside/passwd", "a", "b", "d", ".", "l", "/proc/self/environ", "x".repeat(4000)] as const;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;

/** Does not wait for who reads a FIFO, and never writes through a link: it may lead to a file of this machine. */
function put(path: string, content: string | Buffer, how: number = O_TRUNC): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | how);
  try {
    writeFileSync(fd, content);
  } finally {
    closeSync(fd);
  }
}

type Op = (path: string, at: number, isLate: boolean) => void;

const OPS: readonly Op[] = [
  (path) => put(path, "text"),
  (path) => put(path, Buffer.alloc(70_000, "x")),
  (path) => mkdirSync(path),
  (path, at) => symlinkSync(LINKS[at % LINKS.length] ?? "a", path),
  (path) => makeNode(fromText(path), { kind: "fifo", mode: 0o600 }),
  (path) => makeNode(fromText(path), { kind: "char", mode: 0o600, major: 1, minor: 7 }),
  (path) =>
    void createServer()
      .on("error", () => undefined)
      .listen(path)
      .unref()
      .close(),
  // Nothing is known of a file that becomes so large while it is read.
  (path, _at, isLate) => {
    put(path, "");
    truncateSync(path, isLate ? MAX_READ + 1 : SPARSE_BYTES);
  },
  (path) => linkSync(join(path, "../a"), path),
  (path) => rmSync(path, { recursive: true }),
  (path) => truncateSync(path, 1),
  (path) => put(path, "more", O_APPEND),
  (path) => utimesSync(path, 0, 2 ** 33),
  (path) => renameSync(path, join(path, "../b")),
  // What was a file or a folder is a way out.
  (path, at) => {
    rmSync(path, { recursive: true });
    symlinkSync(LINKS[at % 2] ?? "a", path);
  },
  (path) => {
    rmSync(path, { recursive: true });
    makeNode(fromText(path), { kind: "fifo", mode: 0o600 });
  },
  (path) => deepBelow(path),
];

/** The place of the file of 1 TiB. */
const SPARSE_OP = OPS.findIndex((op) => op.toString().includes("SPARSE_BYTES"));

/** Makes folders until no longer path can be named. */
function deepBelow(path: string): void {
  let deep = path;
  for (; deep.length < 4080; deep = join(deep, "n".repeat(Math.min(200, 4090 - deep.length)))) mkdirSync(deep);
}

/** Does one thing, if that can be done; never through a link, which may lead out. */
function change(folder: string, what: number, { at, isLate }: { readonly at: number; readonly isLate: boolean }): void {
  const path = join(folder, NAMES[at % NAMES.length] ?? "a");
  try {
    if (!`${realpathSync(dirname(path))}/`.startsWith(`${realpathSync(folder)}/`)) return;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(path);
    OPS[what % OPS.length]?.(path, at, isLate);
  } catch {
    // There is no such file, or there is one already.
  }
}

/** Reads as a build does: names and digests, a layer of its own, or a tar. */
async function read(
  folder: string,
  { store, random, isHuge }: Pick<Lab, "store" | "random"> & { readonly isHuge: boolean },
  disturb: () => void,
): Promise<void> {
  const tree = hostTree(folder, random.chance(0.3) ? { filter: (path) => path !== "d/e" } : {});
  for (const entry of walk(tree, ROOT)) {
    disturb();
    if (entry.kind === "file" && !isHuge) await tree.digest?.(entry);
  }
  if (!isHuge && random.chance(0.3)) await subtreeDigest(tree, ROOT);
  else if (!isHuge && random.chance(0.2)) await writeLayer(await store(), treeItems(tree, ROOT));
  else await readTar(tree, disturb);
}

async function readTar(tree: Tree, disturb: () => void): Promise<void> {
  const seen: Buffer[] = [];
  let size = 0;
  for await (const chunk of treeTar([{ tree }])) {
    disturb();
    seen.push(Buffer.from(chunk));
    size += chunk.byteLength;
    if (size > 2 * MAX_READ) break;
  }
  holds(!Buffer.concat(seen).includes(CANARY), "nothing of outside comes in");
}

export const CONTEXTS: Target = {
  name: "contexts",
  generate: (random) => Buffer.from(Array.from({ length: 2 * (1 + random.below(MAX_OPS)) }, () => random.below(256))),
  async check(input, { folder, store, random }) {
    const canary = openCanary(join(folder, "canary"));
    const ops = input.subarray(0, 4 * MAX_OPS);
    const later = random.below(ops.byteLength + 1) & ~1;
    let at = 0;
    let isLate = false;
    const next = (): void => {
      change(canary.inside, ops[at] ?? 0, { at: ops[at + 1] ?? 0, isLate });
      at += 2;
    };
    // Always there, so that there is something to change.
    for (const [what, name] of [
      [2, 2],
      [0, 0],
      [0, 3],
    ] as const)
      change(canary.inside, what, { at: name, isLate });
    // Such a file may get any name, also one that was listed before.
    const isHuge = ops.subarray(0, later).some((what, place) => place % 2 === 0 && what % OPS.length === SPARSE_OP);
    while (at < later) next();
    isLate = true;
    const disturb = (): void => {
      if (at < ops.byteLength && random.chance(0.3)) next();
    };
    try {
      await read(canary.inside, { store, random, isHuge }, disturb);
    } finally {
      holds(!canary.changed(), "nothing outside of the folder changes");
    }
  },
};
