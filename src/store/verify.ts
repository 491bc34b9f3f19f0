/**
 * Reads all that a store has and compares it with what it says: the database, every blob with its digest, every image name with its blob. The owners of
 * directories check those. What is damaged can be taken away, with the records that need it: the next build or pull makes it again.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isDigest } from "../digest.ts";
import { errnoOf } from "../errors.ts";
import type { Database } from "./database.ts";
import { openedReadOnly, readFailure, writeFailure } from "./errors.ts";
import { list } from "./kept-bytes.ts";
import { blobPath, type Layout } from "./layout.ts";
import type { ImageNames, Records, StoreCheck, StoreProblem } from "./types.ts";

/** What a check works on. */
interface VerifyParts {
  readonly layout: Layout;
  readonly database: Database;
  readonly records: Records;
  readonly images: ImageNames;
  readonly canWrite: boolean;
}

/** How it is done. */
interface VerifyOptions {
  readonly repair?: boolean | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CHUNK = 1024 * 1024;

/** See `Store.verify`. */
export async function verify(parts: VerifyParts, options: VerifyOptions = {}): Promise<StoreCheck> {
  const { layout, database, canWrite } = parts;
  const { repair = false } = options;
  if (repair && !canWrite) throw openedReadOnly("repair the store", layout.root);
  const problems: StoreProblem[] = database
    .all("PRAGMA integrity_check")
    .map((row) => String(Object.values(row)[0]))
    .filter((line) => line !== "ok")
    .map((what) => ({ kind: "database", id: layout.database, what, repaired: false }));
  let blobs = 0;
  let bytes = 0;
  for (const algorithm of list(layout.blobs)) {
    for (const hex of list(`${layout.blobs}/${algorithm}`)) {
      const path = `${layout.blobs}/${algorithm}/${hex}`;
      const checked = await checkBlob(path, `${algorithm}:${hex}`, options);
      // A prune was here.
      if (checked === undefined) continue;
      blobs += 1;
      bytes += checked.bytes;
      if (checked.what === undefined) continue;
      if (repair) removeBlob(parts, `${algorithm}:${hex}`, path);
      problems.push({ kind: "blob", id: `${algorithm}:${hex}`, what: checked.what, repaired: repair });
    }
  }
  problems.push(...imageProblems(parts, repair));
  return { blobs, bytes, problems };
}

/** Undefined where it is gone. `what`: what is wrong with it. */
async function checkBlob(
  path: string,
  id: string,
  { onBytes, signal }: VerifyOptions,
): Promise<{ readonly bytes: number; readonly what?: string } | undefined> {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw readFailure(error, `read blob "${id}"`, path);
  }
  try {
    if (!isDigest(id)) return { bytes: 0, what: "its name is no digest" };
    const hash = createHash(id.slice(0, id.indexOf(":")));
    const chunk = Buffer.allocUnsafe(CHUNK);
    let bytes = 0;
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      hash.update(chunk.subarray(0, read));
      bytes += read;
      onBytes?.(read);
      await setImmediate();
      signal?.throwIfAborted();
    }
    const found = hash.digest("hex");
    return id.endsWith(`:${found}`) ? { bytes } : { bytes, what: `its ${bytes} bytes have another digest: ${found}` };
  } catch (error) {
    if (errnoOf(error) === "EIO") return { bytes: 0, what: "the disk cannot read it (EIO)" };
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** With the records that need it: they would lead to nothing. */
function removeBlob({ database, records }: VerifyParts, id: string, path: string): void {
  try {
    database.transaction(() => {
      const owners = database.all("SELECT owner_space, owner_id FROM refs WHERE owner = 'record' AND kind = 'blob' AND id = ?", id);
      for (const row of owners) records.delete(database.textOf(row, "owner_space"), database.textOf(row, "owner_id"));
      unlinkSync(path);
    });
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw writeFailure(error, `remove blob "${id}"`, path);
  }
}

/** Names whose own blob is not here: nothing can be told of them. Layers may well be elsewhere. */
function imageProblems({ layout, database, images }: VerifyParts, repair: boolean): StoreProblem[] {
  return database.all("SELECT name, digest FROM images").flatMap((row) => {
    const [name, digest] = [database.textOf(row, "name"), database.textOf(row, "digest")];
    if (isDigest(digest) && existsSync(blobPath(layout, digest))) return [];
    if (repair) images.delete(name);
    return [{ kind: "image", id: name, what: `its manifest ${digest} is not in the store`, repaired: repair }];
  });
}
