/** Files of images as lines. */
import { formatSize } from "../bytes.ts";
import type { ImageFile } from "../index.ts";
import { safeLine } from "./style.ts";
import { formatTable } from "./table.ts";

const KINDS = { file: "-", dir: "d", symlink: "l", char: "c", block: "b", fifo: "p" } as const;

/** As `ls -l` has them: mode, owner, size, time, name. `shown` gives the name. */
export function fileTable(files: readonly ImageFile[], shown: (file: ImageFile) => string): string {
  const rows = files.map((file) => [
    modeText(file),
    `${file.uid}:${file.gid}`,
    String(file.sizeBytes),
    file.modified.slice(0, 16).replace("T", " "),
    safeLine(`${shown(file)}${file.link === undefined ? "" : ` -> ${file.link}`}`),
  ]);
  return rows.length === 0 ? "" : formatTable(rows, [2]);
}

/** "drwxr-xr-x" */
function modeText({ kind, mode }: ImageFile): string {
  const bits = ["r", "w", "x", "r", "w", "x", "r", "w", "x"].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : "-"));
  for (const [bit, place, letter] of [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const)
    if ((mode & bit) !== 0) bits[place] = bits[place] === "-" ? letter.toUpperCase() : letter;
  return KINDS[kind] + bits.join("");
}

/** A tree of lines below `root`; folders tell the size of all that is in them. `depth`: how many levels are shown. */
export function treeText(root: string, files: readonly ImageFile[], depth: number): string {
  const base = root === "/" ? "" : root.replace(/\/+$/, "");
  const sizes = new Map<string, number>();
  const children = new Map<string, ImageFile[]>();
  for (const file of files) {
    const parent = parentOf(file.path);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [file]);
    else siblings.push(file);
    for (let at = parent; at.length >= base.length; at = parentOf(at)) {
      sizes.set(at, (sizes.get(at) ?? 0) + file.sizeBytes);
      if (at === "") break;
    }
  }
  const lines: string[] = [`${root}  ${formatSize(sizes.get(base) ?? 0)}`];
  const draw = (folder: string, prefix: string, level: number): void => {
    const inside = children.get(folder) ?? [];
    for (const [at, file] of inside.entries()) {
      const isLast = at === inside.length - 1;
      const size = file.kind === "dir" ? (sizes.get(file.path) ?? 0) : file.sizeBytes;
      const link = file.link === undefined ? "" : ` -> ${file.link}`;
      const told = file.kind === "file" || file.kind === "dir" ? `  ${formatSize(size)}` : "";
      lines.push(`${prefix}${isLast ? "└── " : "├── "}${safeLine(file.path.slice(folder.length + 1) + link)}${told}`);
      if (file.kind === "dir" && level < depth) draw(file.path, `${prefix}${isLast ? "    " : "│   "}`, level + 1);
    }
  };
  draw(base, "", 1);
  return `${lines.join("\n")}\n`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
