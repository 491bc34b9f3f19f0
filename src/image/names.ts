/** Names that a build gives to its image. */
import { DecantError, usageError } from "../errors.ts";
import { type Reference, formatReference, parseReference } from "../oci/index.ts";

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

/** The same for a push, which needs at least one. Throws `USAGE` without. */
export function pushNames(texts: readonly string[]): string[] {
  if (texts.length === 0) throw usageError("Cannot push an image without a name", "Name it with --tag");
  return targetNames(texts);
}
