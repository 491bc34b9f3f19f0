/** Docker's `.token_seed`, beside its config.json: a secret number for each registry, from which a builder can tell that two builds have one user. */
import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "../errors.ts";
import { lockFolder, makeFolders, readNamedFile } from "../sys/index.ts";
import { type CredentialPlaces, dockerConfig } from "./credentials.ts";

const SEED_BYTES = 16;
const MAX_FILE_BYTES = 1024 * 1024;
/** Folders where nothing can be kept, or files that are somebody else's. */
const CANNOT_KEEP = new Set(["EROFS", "EACCES", "EPERM", "ENOTDIR", "ENOENT"]);

/** The seed of a registry: the one of the file, else a new one that is kept there. Where nothing can be kept, a new one for each call. */
export async function tokenSeed(host: string, places: CredentialPlaces, signal?: AbortSignal): Promise<Buffer> {
  const folder = dirname(dockerConfig(places));
  const path = join(folder, ".token_seed");
  const seed = randomBytes(SEED_BYTES);
  try {
    makeFolders(folder, { mode: 0o700 });
    await using _lock = await lockFolder(folder, signal);
    const seeds = await readSeeds(path);
    const kept = seedIn(seeds[host]);
    if (kept !== undefined) return kept;
    const temporary = `${path}.${randomBytes(6).toString("hex")}`;
    const text = JSON.stringify({ ...seeds, [host]: { Seed: seed.toString("base64") } }, undefined, 2);
    await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    if (!CANNOT_KEEP.has(errnoOf(error) ?? "")) throw error;
  }
  return seed;
}

/** A file that a crash has cut counts as empty. */
async function readSeeds(path: string): Promise<Readonly<Record<string, unknown>>> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
  if (!("bytes" in read)) return {};
  try {
    const json: unknown = JSON.parse(read.bytes.toString("utf8"));
    return typeof json === "object" && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}

function seedIn(entry: unknown): Buffer | undefined {
  if (typeof entry !== "object" || entry === null || !("Seed" in entry) || typeof entry.Seed !== "string") return undefined;
  const seed = Buffer.from(entry.Seed, "base64");
  return seed.byteLength >= SEED_BYTES ? seed : undefined;
}
