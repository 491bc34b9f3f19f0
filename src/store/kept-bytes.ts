/** What a prune leaves on the disk, by what holds it. */
import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { errnoOf } from "../errors.ts";
import type { Database } from "./database.ts";
import { writeFailure } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { reach, references } from "./references.ts";
import type { PruneResult } from "./types.ts";
import { refKey } from "./usage.ts";

/** The event loop lives on between two slices of this many files. */
const SLICE = 200;
const SLASH = Buffer.from("/");

/** Measures all blobs and directories that are there; `sizes`: what is known of them already, by `refKey`. */
export async function keptBytes({
  layout,
  database,
  signal,
  sizes,
}: {
  readonly layout: Layout;
  readonly database: Database;
  readonly signal?: AbortSignal | undefined;
  readonly sizes?: ReadonlyMap<string, number> | undefined;
}): Promise<PruneResult["kept"]> {
  const { fromImages, byRecord } = references(database);
  const ofImages = reach(byRecord, fromImages);
  const records = database.all("SELECT space, id FROM records");
  const ofRecords = reach(
    byRecord,
    records.map((row) => refKey("record", database.textOf(row, "space"), database.textOf(row, "id"))),
  );
  const kept = { imageBytes: 0, cacheBytes: 0, usedBytes: 0 };
  const count = (key: string, bytes: number): void => {
    kept[ofImages.has(key) ? "imageBytes" : ofRecords.has(key) ? "cacheBytes" : "usedBytes"] += bytes;
  };
  if (sizes !== undefined) {
    for (const [key, bytes] of sizes) count(key, bytes);
    return kept;
  }
  for (const algorithm of list(layout.blobs))
    for (const hex of list(`${layout.blobs}/${algorithm}`)) {
      const found = lstatSync(`${layout.blobs}/${algorithm}/${hex}`, { throwIfNoEntry: false });
      count(refKey("blob", "", `${algorithm}:${hex}`), found?.size ?? 0);
    }
  for (const space of list(layout.dirs))
    for (const id of list(`${layout.dirs}/${space}`))
      count(refKey("dir", space, id), await diskBytes(`${layout.dirs}/${space}/${id}`, signal));
  return kept;
}

/** What the files of a directory take, each once. What goes while it is measured, or cannot be looked at, counts as nothing. */
export async function diskBytes(path: string, signal: AbortSignal | undefined): Promise<number> {
  const pending = [Buffer.from(path)];
  const linked = new Set<number>();
  let bytes = 0;
  let steps = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop())
    for (const entry of entriesOf(folder)) {
      steps += 1;
      if (steps % SLICE === 0) {
        await setImmediate();
        signal?.throwIfAborted();
      }
      const child = Buffer.concat([folder, SLASH, entry.name]);
      if (entry.isDirectory()) pending.push(child);
      else bytes += fileBytes(child, linked);
    }
  return bytes;
}

function entriesOf(folder: Buffer): Dirent<Buffer>[] {
  try {
    return readdirSync(folder, { encoding: "buffer", withFileTypes: true });
  } catch {
    return [];
  }
}

function fileBytes(file: Buffer, linked: Set<number>): number {
  try {
    const { nlink, ino, blocks } = lstatSync(file);
    if (nlink > 1 && linked.has(ino)) return 0;
    if (nlink > 1) linked.add(ino);
    return blocks * 512;
  } catch {
    return 0;
  }
}

/** The names in a folder; none where there is no folder. */
export function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    throw writeFailure(error, "look at the store", folder);
  }
}
