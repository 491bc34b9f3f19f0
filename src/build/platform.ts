/** The platforms that a build is for. */
import { unsupported } from "../errors.ts";
import { formatPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import type { OpenedBuild } from "./open-build.ts";

type Platforms = Pick<OpenedBuild, "buildPlatform" | "defaultPlatform">;

/** The platform of this name; "local" is the machine's. Throws `PLATFORM`. */
export function platformNamed({ buildPlatform, defaultPlatform: usual }: Platforms, name: string | undefined): Platform {
  if (name === undefined) return usual;
  return name === "local" ? buildPlatform : parsePlatform(name, buildPlatform);
}

/** The platforms of a build, each once, in their order. Throws `PLATFORM`, and `UNSUPPORTED` for other systems than Linux. */
export function platformsOf(wanted: readonly string[] | undefined, known: Platforms): readonly Platform[] {
  const names = wanted === undefined || wanted.length === 0 ? [undefined] : wanted;
  const platforms = names.map((name) => platformNamed(known, name));
  for (const platform of platforms)
    if (platform.os !== "linux") throw unsupported(`Building for ${formatPlatform(platform)}`, { row: "F87" });
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}
