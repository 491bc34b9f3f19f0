/** The bytes of an image as a tree: first by what is asked for, then by folder. Pure. */
import type { ReportFiles, ReportImage, ReportLayer } from "../data.ts";

/** What the first level is. */
export type Grouping = "instruction" | "stage" | "package" | "folder";

/** A node: a group, a folder or a file. */
export interface ByteNode {
  readonly label: string;
  /** What it is called in full: a path, an instruction. */
  readonly full: string;
  readonly kind: "group" | "folder" | "file";
  bytes: number;
  files: number;
  /** Of its bytes, what later layers hide. */
  hiddenBytes: number;
  /** Largest first. */
  readonly children: ByteNode[];
}

/** The tree. Folders with one folder in them and nothing else are one node. */
export function byteTree(image: ReportImage, grouping: Grouping): ByteNode {
  const { files } = image;
  const root = node("all files", image.name, "group");
  const groups = new Map<string, Group>();
  const hidden = new Set(files.hidden);
  const several = new Map(files.several);
  for (let at = 0; at < files.name.length; at += 1) {
    // What is hidden is in a layer and in no package or folder of the image.
    const isHidden = hidden.has(at);
    if (isHidden && (grouping === "package" || grouping === "folder")) continue;
    const [key, label] = groupOf(image, grouping, at);
    let group = groups.get(key);
    if (group === undefined) {
      group = { top: grouping === "folder" ? root : node(label, label, "group"), folders: new Map() };
      groups.set(key, group);
    }
    addFile(group, files, at, { isHidden, count: several.get(at) ?? 1 });
  }
  if (grouping !== "folder") root.children.push(...[...groups.values()].map(({ top }) => top));
  settle(root);
  return root;
}

interface Group {
  readonly top: ByteNode;
  readonly folders: Map<string, ByteNode>;
}

function node(label: string, full: string, kind: ByteNode["kind"]): ByteNode {
  return { label, full, kind, bytes: 0, files: 0, hiddenBytes: 0, children: [] };
}

/** The instruction of a layer, or what stands for it. */
export function layerLabel({ instruction }: ReportLayer, position: number): string {
  return instruction === "" ? `layer ${position + 1}` : instruction.replace(/\s+/g, " ");
}

/** Where a layer's files came from. */
export function layerOrigin({ stage, copiedFrom, place }: ReportLayer): string {
  if (copiedFrom !== undefined) return copiedFrom;
  if (stage !== undefined) return `stage ${stage}`;
  return place === undefined ? "base image" : "this stage";
}

function groupOf({ files, layers, packages }: ReportImage, grouping: Grouping, at: number): readonly [key: string, label: string] {
  const position = files.layer[at] ?? -1;
  const layer = layers[position];
  switch (grouping) {
    case "instruction":
      return [String(position), layer === undefined ? "files" : layerLabel(layer, position)];
    case "stage": {
      const origin = layer === undefined ? "files" : layerOrigin(layer);
      return [origin, origin];
    }
    case "package": {
      const owner = packages[files.package[at] ?? -1];
      if (owner === undefined) return ["", "no package"];
      return [`${owner.kind} ${owner.name} ${owner.version}`, `${owner.name} ${owner.version}`];
    }
    case "folder":
      return ["", "all"];
    default:
      return grouping satisfies never;
  }
}

function addFile(
  { top, folders }: Group,
  files: ReportFiles,
  at: number,
  { isHidden, count }: { readonly isHidden: boolean; readonly count: number },
): void {
  const directory = files.directories[files.directory[at] ?? 0] ?? "/";
  const name = files.name[at] ?? "";
  const file = node(name, directory === "/" ? `/${name}` : `${directory}/${name}`, "file");
  file.bytes = files.bytes[at] ?? 0;
  file.files = count;
  file.hiddenBytes = isHidden ? file.bytes : 0;
  folderOf(directory, top, folders).children.push(file);
}

function folderOf(directory: string, top: ByteNode, folders: Map<string, ByteNode>): ByteNode {
  if (directory === "/" || directory === "") return top;
  const known = folders.get(directory);
  if (known !== undefined) return known;
  const slash = directory.lastIndexOf("/");
  const made = node(directory.slice(slash + 1), directory, "folder");
  folders.set(directory, made);
  folderOf(directory.slice(0, slash), top, folders).children.push(made);
  return made;
}

/** Sums, sorts and joins, from the leaves up. */
function settle(root: ByteNode): void {
  const order: ByteNode[] = [];
  const open = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    order.push(next);
    open.push(...next.children);
  }
  for (const one of order.toReversed()) {
    if (one.kind === "file") continue;
    one.children.forEach((child, at) => {
      const [only] = child.children;
      // "usr" with nothing but "share" in it becomes "usr/share".
      if (child.kind === "folder" && child.children.length === 1 && only?.kind === "folder")
        one.children[at] = { ...only, label: `${child.label}/${only.label}` };
    });
    for (const { bytes, files, hiddenBytes } of one.children) {
      one.bytes += bytes;
      one.files += files;
      one.hiddenBytes += hiddenBytes;
    }
    one.children.sort((a, b) => b.bytes - a.bytes);
  }
}
