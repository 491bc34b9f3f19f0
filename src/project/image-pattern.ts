/** Patterns of image names: `gcr.io/distroless/*`. `*` is any part of a name without a slash, `**` any part. Pure. */
import { formatReference, parseReference } from "../oci/index.ts";
import { matchesWildcards } from "../wildcards.ts";

/** Of a token: a character, or stars. */
const RULES = {
  repeats: (token: string): boolean => token.startsWith("*"),
  takes: (token: string, char: string): boolean => (token === "*" ? char !== "/" : token.startsWith("*") || token === char),
};
const PATTERN = /^[a-z0-9*][a-z0-9*._/:-]*$/;

/** What is wrong with a pattern; undefined when it is one. */
export function checkPattern(pattern: string): string | undefined {
  return PATTERN.test(pattern) ? undefined : "wanted a name with * in it, such as gcr.io/distroless/*";
}

/** Whether `image` is meant: by its whole name without tag and digest, or with its tag. */
export function matchesPattern(pattern: string, image: string): boolean {
  const { digest: _digest, ...reference } = parseReference(image);
  const tagged = formatReference(reference);
  const untagged = tagged.slice(0, tagged.lastIndexOf(":"));
  const tokens = pattern.match(/\*+|[^*]/g) ?? [];
  return [untagged, tagged].some((name) => matchesWildcards(tokens, Array.from(name), RULES));
}
