/** The sources of a build that is done once more are what its provenance says that they were: digests of images, checksums of files, commits. */
import { DecantError } from "../../errors.ts";
import { formatFamiliar, formatReference, parseReference } from "../../oci/index.ts";
import { NO_RULES, pinnedImage, pinnedSource, type SourceRules } from "../../project/index.ts";
import type { SourceOp } from "../../graph/index.ts";
import type { SourceRange } from "../../source.ts";
import { replayError } from "./errors.ts";
import type { RecordedMaterial } from "./read-provenance.ts";

/** Names of images with what they were. */
type ImagePins = ReadonlyMap<string, ReadonlySet<string>>;

/** Digests of images by canonical name. */
export function imagePins(materials: readonly RecordedMaterial[]): ImagePins {
  const pins = new Map<string, Set<string>>();
  for (const { uri, digest } of materials) {
    const name = imageOf(uri);
    if (name !== undefined && digest["sha256"] !== undefined)
      pins.set(name, new Set([...(pins.get(name) ?? []), `sha256:${digest["sha256"]}`]));
  }
  return pins;
}

/** "pkg:docker/debian@13?platform=linux%2Famd64" → "docker.io/library/debian:13". */
function imageOf(uri: string): string | undefined {
  const [, path = "", version] = /^pkg:docker\/([^?#@]+)(?:@([^?#]*))?/.exec(uri) ?? [];
  if (path === "") return undefined;
  try {
    const name = decodeURIComponent(path);
    return formatReference(parseReference(version === undefined ? name : `${name}:${decodeURIComponent(version)}`));
  } catch (error) {
    if (error instanceof URIError || error instanceof DecantError) return undefined;
    throw error;
  }
}

/** How they are looked up. */
interface PinOptions {
  /** What is replayed, for messages. */
  readonly image: string;
  readonly materials: readonly RecordedMaterial[];
  /** Names of images that the store has as they were: these need no digest. */
  readonly here: ReadonlySet<string>;
}

/** The rules. They throw `REPLAY` for a source that provenance does not know, or that is another one now. */
export function replayRules({ image, materials, here }: PinOptions): SourceRules {
  const images = imagePins(materials);
  const digests = new Set(materials.flatMap(({ digest }) => Object.values(digest)));
  const others = new Map(materials.map(({ uri, digest }) => [uri, digest]));
  const missing = (what: string, range: SourceRange | undefined): Error =>
    replayError(image, `its provenance does not say what ${what} was`, { source: range });
  const pinned = (op: SourceOp, range: SourceRange | undefined): SourceOp => {
    const wanted = pinnedSource(op);
    if (wanted === undefined) return op;
    const found = others.get(wanted.name) ?? others.get(wanted.name.replace(/#HEAD$/, ""));
    const [algorithm, hex] = Object.entries(found ?? {})[0] ?? [];
    if (algorithm === undefined || hex === undefined) throw missing(`"${wanted.name}"`, range);
    const attrs = wanted.kind === "git" ? { "git.checksum": hex, "git.fetchbycommit": "true" } : { "http.checksum": `${algorithm}:${hex}` };
    return { ...op, attrs: { ...op.attrs, ...attrs } };
  };
  return {
    ...NO_RULES,
    image(name, range) {
      const wanted = pinnedImage(name);
      if (wanted === undefined || here.has(wanted.name)) return name;
      const [pin, other] = images.get(wanted.name) ?? [];
      if (pin === undefined) throw missing(`the image ${formatFamiliar(parseReference(wanted.name))}`, range);
      // Of several platforms the digest that is found decides.
      return other === undefined ? `${name}@${pin}` : name;
    },
    found(identifier, range) {
      const hex = /@sha(?:256|512):([0-9a-f]+)$/.exec(identifier)?.[1] ?? "";
      if (digests.has(hex)) return undefined;
      throw replayError(image, `"${identifier.replace(/^docker-image:\/\//, "")}" is none of the images that it was built from`, {
        hint: "Give the image that it was: --context NAME=docker-image://REFERENCE or --context NAME=oci-layout://FOLDER",
        source: range,
      });
    },
    added: pinned,
    context: (op, range) => (op.identifier.startsWith("local://") ? op : pinned(op, range)),
  };
}
