/** Whether ISA-L is installed, by looking where the linker looks (ld.so(8)): loading and trying it takes as long as the rest of a short command. */
import { existsSync, readFileSync } from "node:fs";

const NAME = "libisal.so.2";
const LINKER_CACHE = "/etc/ld.so.cache";
const FOLDERS = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"];

/** Is there a library for `findIsal` to load? That it works is not tried. False when DECANT_ISAL in `env` is "off". */
export function isIsalInstalled(env: NodeJS.ProcessEnv): boolean {
  if (env["DECANT_ISAL"] === "off") return false;
  const folders = [...(env["LD_LIBRARY_PATH"] ?? "").split(/[:;]/), ...FOLDERS];
  return isInLinkerCache() || folders.some((folder) => folder !== "" && existsSync(`${folder}/${NAME}`));
}

function isInLinkerCache(): boolean {
  try {
    return readFileSync(LINKER_CACHE).includes(`/${NAME}\0`, 0, "latin1");
  } catch {
    // A system without it has its libraries in the folders.
    return false;
  }
}
