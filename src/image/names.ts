/** Names that a build gives to its image. */
import { DecantError, usageError } from "../errors.ts";
import { type Reference, formatFamiliar, formatReference, parseReference } from "../oci/index.ts";

/** A name to write to: complete, with a tag. Throws `REFERENCE`, also for a name with a digest, because the build decides that. */
export function targetName(text: string): Reference & { readonly tag: string } {
  const { digest, tag, ...rest } = parseReference(text);
  if (digest !== undefined || tag === undefined) {
    throw new DecantError("REFERENCE", `Cannot name an image "${text}": it has a digest; wanted a name with a tag or without`, {
      hint: `Write "${text.slice(0, text.indexOf("@"))}"`,
    });
  }
  return { ...rest, tag };
}

/** Canonical texts, each once: "docker.io/library/app:latest". Throws `REFERENCE`. */
export function targetNames(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => formatReference(targetName(text))))];
}

/** The same for a push, which needs at least one; names that are pushed by digest have no tag. Throws `USAGE` without. */
export function pushNames(
  texts: readonly string[],
  { pushByDigest = false }: { readonly pushByDigest?: boolean | undefined } = {},
): string[] {
  if (texts.length === 0) throw usageError("Cannot push an image without a name", "Name it with --tag");
  return pushByDigest ? [...new Set(texts.map((text) => formatReference(untaggedName(text))))] : targetNames(texts);
}

/** A name to push to by digest: a repository. Throws `REFERENCE`, `USAGE` for one with a tag. */
export function untaggedName(text: string): Reference {
  const { digest, tag, ...repository } = parseReference(text, { defaultTag: null });
  if (tag !== undefined || digest !== undefined)
    throw usageError(
      `Cannot push "${text}" by digest: it has a ${tag === undefined ? "digest" : "tag"} (can't push tagged ref ${text} by digest)`,
      `Write "${formatFamiliar(repository)}", or leave push-by-digest out`,
    );
  return repository;
}
