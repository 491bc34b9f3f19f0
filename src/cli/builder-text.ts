/** Builders in words. */
import { formatPlatform, type Platform } from "../oci/index.ts";

/** Which builders the commands on builders are about. */
export const BUILDER_NOTES = `ADDRESS is a list of builders with commas between them, as for "decant build --builder".
Without it the list is that of DECANT_BUILDER, else of decant.yaml in the working directory.`;

/** "linux/amd64, linux/arm64" */
export function platformsText(platforms: readonly Platform[]): string {
  return platforms.map(formatPlatform).join(", ");
}

/** Builds of distributions do not say their version. */
export function versionText(version: string): string {
  return version === "" ? "unknown" : version;
}
