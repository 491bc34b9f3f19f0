/** A file system that is soon full: a tmpfs, which root may mount. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Unmounted when it is disposed. */
interface SmallDisk extends AsyncDisposable {
  readonly path: string;
}

/** Mounts one; `size` as in mount(8), e.g. "2m". */
export function smallDisk(size: string): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), "decant-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      execFileSync("umount", [path]);
      rmdirSync(path);
    },
  };
}
