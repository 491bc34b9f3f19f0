/** What is built and moved: folders with files, which are made once and kept. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Makes what a folder below `folder` holds, unless it was made by the same `recipe` before. Gives the folder. */
export function kept(folder: string, name: string, recipe: string, make: (path: string) => void): string {
  const path = join(folder, name);
  const stamp = join(folder, "made", name);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === recipe) return path;
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  make(path);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, recipe);
  return path;
}

/** A context of its own below `folder`, with a Dockerfile. `make` writes its other files; `recipe` tells whether these have to be made anew. */
export function contextOf(
  folder: string,
  name: string,
  dockerfile: string,
  { recipe = "", make }: { readonly recipe?: string; readonly make?: (context: string) => void } = {},
): { readonly context: string; readonly dockerfile: string } {
  const context = kept(folder, `ctx-${name}`, recipe, (path) => make?.(path));
  const file = join(context, "Dockerfile");
  if (!existsSync(file) || readFileSync(file, "utf8") !== dockerfile) writeFileSync(file, dockerfile);
  return { context, dockerfile: file };
}

/** `count` small texts in folders of 100. */
export function manyFiles(context: string, count: number): void {
  for (let folder = 0; folder < count / 100; folder += 1) {
    const path = join(context, "files", `d${folder}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 100; file += 1)
      writeFileSync(join(path, `f${file}.txt`), `${folder}/${file} `.repeat(40 + ((folder * file) % 200)));
  }
}

/** Text in every second block: as compressible as program files are. */
export function halfCompressible(path: string, mebibytes: number): void {
  const text = Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(2000)).subarray(0, 65536);
  const parts: Buffer[] = [];
  for (let block = 0; block < 16; block += 1) parts.push(block % 2 === 0 ? randomBytes(65536) : text);
  writeFileSync(path, "");
  for (let mebibyte = 0; mebibyte < mebibytes; mebibyte += 1) {
    parts[0] = randomBytes(65536);
    writeFileSync(path, Buffer.concat(parts), { flag: "a" });
  }
}
