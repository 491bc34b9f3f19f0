/** Chooses the manifest of an index for a platform (image-spec image-index.md), as containerd does. Pure. */
import type { Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { ATTESTATION_MANIFEST, ATTESTATION_TYPE_ANNOTATION, ATTESTED_DIGEST_ANNOTATION, isIndex, isManifest } from "./media-types.ts";
import { formatPlatform, platformRank } from "./platform.ts";
import type { Descriptor, Index, Platform } from "./types.ts";

/**
 * True for entries of an index that are no image: BuildKit stores SBOM and provenance as manifests of platform "unknown/unknown".
 */
export function isAttestation(descriptor: Descriptor): boolean {
  if (descriptor.annotations?.[ATTESTATION_TYPE_ANNOTATION] === ATTESTATION_MANIFEST) return true;
  return descriptor.platform?.os === "unknown" && descriptor.platform.architecture === "unknown";
}

/** The attestation manifests of an index that are about the manifest with `digest`. */
export function attestationsOf(index: Index, digest: Digest): Descriptor[] {
  return index.manifests.filter(
    (descriptor) => isAttestation(descriptor) && descriptor.annotations?.[ATTESTED_DIGEST_ANNOTATION] === digest,
  );
}

/**
 * The best entry for `platform`: the closest match first, in the index's order among equals; entries that name no platform come
 * last, because only their config can tell. May give an index (nested indexes). Throws `PLATFORM` when nothing fits; `name` is
 * what the message calls the image.
 */
export function selectManifest(index: Index, platform: Platform, name = "index"): Descriptor {
  let best: Descriptor | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const descriptor of candidates(index)) {
    const rank = descriptor.platform === undefined ? Number.MAX_SAFE_INTEGER : platformRank(platform, descriptor.platform);
    if (rank !== undefined && rank < bestRank) [best, bestRank] = [descriptor, rank];
  }
  if (best !== undefined) return best;
  const available = platformsOf(index).map(formatPlatform);
  throw new DecantError(
    "PLATFORM",
    `Cannot use image "${name}" for platform "${formatPlatform(platform)}": it has ${available.join(", ") || "no images"}`,
    {
      ...(available[0] === undefined ? {} : { hint: `Choose one with --platform, e.g. --platform=${available[0]}` }),
      details: { platform: formatPlatform(platform), available },
    },
  );
}

/** The platforms that an index has images for, in its order. */
export function platformsOf(index: Index): Platform[] {
  return candidates(index).flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
}

function candidates(index: Index): Descriptor[] {
  return index.manifests.filter(
    (descriptor) => (isManifest(descriptor.mediaType) || isIndex(descriptor.mediaType)) && !isAttestation(descriptor),
  );
}
