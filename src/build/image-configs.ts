/** What is known of base images. */
import { formatPlatform, type ImageConfig, type Platform } from "../oci/index.ts";

/** Configurations by name and platform. */
export interface ImageConfigs {
  readonly get: (name: string, platform: Platform) => ImageConfig | undefined;
  readonly set: (name: string, platform: Platform, config: ImageConfig) => void;
}

/** No configurations yet. */
export function createImageConfigs(): ImageConfigs {
  const found = new Map<string, ImageConfig>();
  const keyOf = (name: string, platform: Platform): string => `${formatPlatform(platform)} ${name}`;
  return {
    get: (name, platform) => found.get(keyOf(name, platform)),
    set: (name, platform, config) => void found.set(keyOf(name, platform), config),
  };
}
