/** Builders in words. */
import { formatPlatform, type Platform } from "../oci/index.ts";

/** "linux/amd64, linux/arm64" */
export function platformsText(platforms: readonly Platform[]): string {
  return platforms.map(formatPlatform).join(", ");
}

/** Builds of distributions do not say their version. */
export function versionText(version: string): string {
  return version === "" ? "unknown" : version;
}
