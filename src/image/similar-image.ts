/** "Did you mean" for the names of images. */
import { suggest } from "../dockerfile/index.ts";
import { familiarName, parseReference, type Reference } from "../oci/index.ts";
import { isDecantError } from "../errors.ts";
import type { Store } from "../store/index.ts";
import { taggedNames } from "./known-tag.ts";

/** Every name that the store has heard of: of its images, and of those that builds have looked up. Canonical texts. */
export function heardNames(store: Store): string[] {
  return [...new Set([...store.images.list().map(({ name }) => name), ...taggedNames(store)])];
}

/**
 * The name that was meant by `text`, as people write it: another repository of `names`, or another tag of the same one, of which "latest" is always
 * there. Undefined when none is near.
 */
export function similarImage(text: string, names: Iterable<string>): string | undefined {
  const typed = parsed(text);
  if (typed === undefined || typed.digest !== undefined) return undefined;
  const tagsOf = new Map<string, Set<string>>();
  for (const name of names) {
    const known = parsed(name);
    if (known === undefined) continue;
    const tags = tagsOf.get(familiarName(known)) ?? new Set();
    tagsOf.set(familiarName(known), tags.add(known.tag ?? "latest"));
  }
  const repository = familiarName(typed);
  const { tag = "latest" } = typed;
  if (tagsOf.has(repository)) {
    const near = suggest(tag, [...(tagsOf.get(repository) ?? []), "latest"]);
    return near === undefined ? undefined : `${repository}:${near}`;
  }
  const near = suggest(repository, tagsOf.keys()) ?? suggestInParts(repository, tagsOf.keys());
  if (near === undefined) return undefined;
  // A tag that was not typed is not told.
  return text.includes(`:${tag}`) ? `${near}:${tag}` : near;
}

/** Names of several parts may be long, and wrong in the last part only. */
function suggestInParts(repository: string, names: Iterable<string>): string | undefined {
  const cut = repository.lastIndexOf("/") + 1;
  if (cut === 0) return undefined;
  const place = repository.slice(0, cut);
  const near = suggest(
    repository.slice(cut),
    [...names].filter((name) => name.startsWith(place)).map((name) => name.slice(cut)),
  );
  return near === undefined ? undefined : place + near;
}

function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return undefined;
    throw error;
  }
}
