/**
 * Annotations of what the build knows (image-spec annotations.md): the base, the commit of a git context, the time. Only where they are asked for:
 * BuildKit writes none, and an image keeps its digest when its builder learns more.
 */
import type { Digest } from "../digest.ts";
import type { AnnotationSpec, BuiltImage } from "../image/index.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { SolvedBuild } from "./solve-graph.ts";

const PREFIX = "org.opencontainers.image.";
/** What Decant made itself, or took from a folder, has no name that others know. */
const KNOWN_BASE = /^docker-image:\/\/(?!(?:distroless|oci-layout)\/)(.+)$/;

/** Those of one platform's image, for its manifest. */
export function autoAnnotations({ created }: BuiltImage, { opened, conversion }: SolvedBuild): readonly AnnotationSpec[] {
  const { material } = opened.context;
  const sha1 = material?.digest["sha1"];
  const base = baseOf(conversion.baseImage);
  const known: Readonly<Record<string, string | undefined>> = {
    created,
    "base.name": base?.name,
    "base.digest": base?.digest,
    // An archive from the web has no commit.
    source: sha1 === undefined ? undefined : material?.uri.replace(/#.*/, ""),
    revision: sha1,
  };
  return Object.entries(known).flatMap(([key, value]) => (value === undefined ? [] : [{ key: `${PREFIX}${key}`, value }]));
}

/** The name, and what it stood for: the digest of an index where it is one, which is what a registry says of the name. */
function baseOf(identifier: string | undefined): { readonly name: string; readonly digest: Digest } | undefined {
  const [, text] = KNOWN_BASE.exec(identifier ?? "") ?? [];
  if (text === undefined) return undefined;
  const { digest, ...named } = parseReference(text, { defaultTag: null });
  if (digest === undefined) return undefined;
  return { name: named.tag === undefined ? text : formatReference(named), digest };
}
