/** By which platform others know an image. */
import type { Platform } from "../oci/index.ts";
import type { BuiltImage } from "./types.ts";

/** The one that was asked for, as in BuildKit: of two that were asked for, each has its place, also where both gave files of one platform. */
export function namedPlatform({ requested, platform }: Pick<BuiltImage, "requested" | "platform">): Platform {
  return requested ?? platform;
}
