/** The mounts that this process sees. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";

/** Lines of /proc/self/mountinfo, without those of other tests that run now: what is below the temporary folder and not below `own`. */
export function mountLines(own: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => {
      const place = line.split(" ")[4] ?? "";
      return !place.startsWith(`${tmpdir()}/`) || place.startsWith(`${own}/`) || place === own;
    });
}
