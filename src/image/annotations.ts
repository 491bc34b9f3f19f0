/** Annotations by where they go (BuildKit's docs/annotations.md): into a manifest or an index, or beside its digest where it is named. */
import { usageError } from "../errors.ts";
import { type Annotations, formatPlatform, parsePlatform, type Platform } from "../oci/index.ts";

/** Where an annotation goes. */
type AnnotationLevel = "manifest" | "manifest-descriptor" | "index" | "index-descriptor";

/** An annotation that is asked for. */
export interface AnnotationSpec {
  /** Default: "manifest". */
  readonly level?: AnnotationLevel;
  /** Of manifests: only for this platform, "linux/arm64". */
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

/** The annotations of one image. */
export interface ImageAnnotations {
  readonly manifest?: Annotations;
  /** Where an index, an index.json or a result names the manifest. */
  readonly manifestDescriptor?: Annotations;
  readonly index?: Annotations;
  /** Where an index.json or a result names the index. */
  readonly indexDescriptor?: Annotations;
}

const FIELDS = {
  manifest: "manifest",
  "manifest-descriptor": "manifestDescriptor",
  index: "index",
  "index-descriptor": "indexDescriptor",
} as const;

/** Those for an image of `platform`, one of `built`; of equal keys the last one counts. Throws `USAGE`, `PLATFORM` for a platform that is not built. */
export function annotationsFor(
  specs: readonly AnnotationSpec[],
  platform: Platform,
  built: readonly Platform[] = [platform],
): ImageAnnotations {
  const found = new Map<keyof ImageAnnotations, Map<string, string>>();
  for (const { level = "manifest", platform: wanted, key, value } of specs) {
    const isOfManifest = level === "manifest" || level === "manifest-descriptor";
    if (isOfManifest && wanted !== undefined) {
      const name = formatPlatform(parsePlatform(wanted, platform));
      const names = built.map(formatPlatform);
      if (!names.includes(name))
        throw usageError(
          `Cannot put annotation "${key}" on the image for ${wanted}: it is not built (no platform ${wanted} found in source); wanted ${names.join(" or ")}`,
        );
      if (name !== formatPlatform(platform)) continue;
    }
    const field = FIELDS[level];
    const annotations = found.get(field) ?? new Map<string, string>();
    found.set(field, annotations.set(key, value));
  }
  return Object.fromEntries(Array.from(found, ([field, annotations]) => [field, Object.fromEntries(annotations)]));
}

/** True where there is one for a place that only an index has. */
export function wantsIndex({ index, indexDescriptor }: ImageAnnotations): boolean {
  return index !== undefined || indexDescriptor !== undefined;
}

/** The object with its keys in order, as Go writes maps; undefined for none. */
export function sortedAnnotations(...parts: readonly (Annotations | undefined)[]): Annotations | undefined {
  const joined = new Map(parts.flatMap((part) => Object.entries(part ?? {})));
  return joined.size === 0 ? undefined : Object.fromEntries([...joined].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
