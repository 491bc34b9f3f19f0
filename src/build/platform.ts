/** The platform that a build is for. */
import { unsupported } from "../errors.ts";
import { formatPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import type { OpenedBuild } from "./open-build.ts";

type Platforms = Pick<OpenedBuild, "buildPlatform" | "defaultPlatform">;

/** The platform of this name; "local" is the machine's. Throws `PLATFORM`. */
export function platformNamed({ buildPlatform, defaultPlatform: usual }: Platforms, name: string | undefined): Platform {
  if (name === undefined) return usual;
  return name === "local" ? buildPlatform : parsePlatform(name, buildPlatform);
}

/** The platform of a build. Throws `PLATFORM`, and `UNSUPPORTED` for several and for other systems than Linux. */
export function onePlatform(wanted: readonly string[] | undefined, known: Platforms): Platform {
  const platforms = wanted ?? [];
  const [first, second] = platforms;
  if (second !== undefined) throw unsupported(`Building for several platforms (${platforms.join(", ")})`, { row: "F128" });
  const platform = platformNamed(known, first);
  if (platform.os !== "linux") throw unsupported(`Building for ${formatPlatform(platform)}`, { row: "F87" });
  return platform;
}
