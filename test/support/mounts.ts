/** The mounts that this process sees. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";

const OTHERS = [`${tmpdir()}/`, "/tmp/"];

/** Lines of /proc/self/mountinfo that name `own`, and those of the machine: not what others who run now have mounted below temporary folders. */
export function mountLines(own: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(own) || !OTHERS.some((folder) => line.split(" ")[4]?.startsWith(folder)));
}
