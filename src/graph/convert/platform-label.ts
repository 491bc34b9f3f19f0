/** How progress names the platform of a step, in a build for several platforms: as BuildKit does. */
import { given } from "../../given.ts";
import { formatPlatform, normalizePlatform, parsePlatform, type Platform } from "../../oci/index.ts";

/** Values of arguments in scope. */
type Arguments = ReadonlyMap<string, string | undefined>;

/** "linux/amd64", with what the step builds for where the arguments in its scope say that: "linux/amd64->arm64". */
export function platformLabel(platform: Platform, args: Arguments): string {
  const own = formatPlatform(platform);
  const target = targetOf(platform, args);
  if (target.os !== platform.os) return `${own}->${formatPlatform(target)}`;
  if (target.architecture === platform.architecture) return own;
  return `${own}->${[target.architecture, target.variant].filter((part) => part !== undefined).join("/")}`;
}

/** TARGETPLATFORM, or what TARGETOS, TARGETARCH and TARGETVARIANT say of it. */
function targetOf(platform: Platform, args: Arguments): Platform {
  const whole = args.get("TARGETPLATFORM");
  try {
    if (whole !== undefined) return parsePlatform(whole, platform);
  } catch {
    // An ARG may give it any value: then it says nothing.
  }
  const { os, architecture } = platform;
  const [targetOs, targetArch, variant] = ["TARGETOS", "TARGETARCH", "TARGETVARIANT"].map((name) => args.get(name));
  return normalizePlatform({ os: targetOs ?? os, architecture: targetArch ?? architecture, ...given({ variant }) });
}
