/** What the loads share: their time, and what must be flat. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** How long a load goes on, in seconds. `npm run test:load -- --seconds N` says it. */
export const LOAD_SECONDS: number = Number(process.env["DECANT_LOAD_SECONDS"] ?? 6);

/** True until the time of a load is over. */
export function loadTime(): () => boolean {
  const end = performance.now() + LOAD_SECONDS * 1000;
  return () => performance.now() < end;
}

/** Bytes and files below a folder. */
export function sizeOf(folder: string): { readonly bytes: number; readonly files: number } {
  let [bytes, files] = [0, 0];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
    files += 1;
  }
  return { bytes, files };
}

/** What nobody removed of an idle store: temporary files, locks, sandboxes. */
export function leftIn(root: string): string[] {
  return ["tmp", "locks", "sandbox"].flatMap((folder) => namesIn(join(root, folder)).filter((name) => name !== "runtime.json"));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What records of a store need, and what is gone. */
export function lostIn(root: string): unknown[] {
  using database = new DatabaseSync(join(root, "decant.db"), { readOnly: true });
  const orphans = database.prepare(
    "SELECT owner_id FROM refs WHERE owner = 'record' AND NOT EXISTS (SELECT 1 FROM records WHERE space = owner_space AND id = owner_id)",
  );
  // Of an image there may be signatures, and a registry that it came from.
  const dangling = database.prepare(
    "SELECT id FROM refs WHERE kind = 'record' AND space NOT IN ('image.referrers', 'image.origin') AND NOT EXISTS (SELECT 1 FROM records WHERE records.space = refs.space AND records.id = refs.id)",
  );
  return [...orphans.all(), ...dangling.all()];
}

/** Memory of a process now, or at most until now, in MiB. 0 when it is gone. */
export function memoryOf(pid: number, field: "VmRSS" | "VmHWM"): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
