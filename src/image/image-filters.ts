/** Which images a listing shows: the filters of docker images. Pure. */
import { compileGlob } from "../dockerfile/index.ts";
import { isDecantError, usageError } from "../errors.ts";
import { familiarName, type ImageConfig, parseReference } from "../oci/index.ts";

/** All that are given must hold. */
export interface ImageFilters {
  /** At least one must fit: "app" for all tags, "app:1", "team/*", "registry.example/*:v?". `*` stays within one part of a name. */
  readonly references?: readonly string[] | undefined;
  /** Only images without a name, or only those with one. */
  readonly dangling?: boolean | undefined;
  /** Each must be there: "key", "key=value". */
  readonly labels?: readonly string[] | undefined;
}

/** Says of an image, under one of its names (canonical) or none, whether it is shown. Throws `USAGE` for a malformed pattern. */
export function imageFilter({
  references = [],
  dangling,
  labels = [],
}: ImageFilters): (image: { readonly name: string | undefined; readonly config: ImageConfig }) => boolean {
  const patterns = references.map(patternOf);
  return ({ name, config }) => {
    if (dangling !== undefined && dangling !== (name === undefined)) return false;
    const has = config.config?.Labels ?? {};
    if (!labels.every((label) => hasLabel(has, label))) return false;
    return patterns.length === 0 || (name !== undefined && patterns.some((fits) => namesOf(name).some(fits)));
  };
}

function patternOf(pattern: string): (name: string) => boolean {
  try {
    return compileGlob(pattern);
  } catch (error) {
    if (!isDecantError(error, "DOCKERFILE_SEMANTIC")) throw error;
    throw usageError(`Cannot look for images "${pattern}": it is no pattern`, 'Write "*" and "?" for parts of a name, and close each "["');
  }
}

/** What a pattern may mean of a name: with its tag and without, as people write it and in full. */
function namesOf(name: string): readonly string[] {
  const reference = parseReference(name);
  const tag = reference.tag === undefined ? [] : [`:${reference.tag}`];
  return [familiarName(reference), `${reference.registry}/${reference.repository}`].flatMap((text) => [
    text,
    ...tag.map((suffix) => text + suffix),
  ]);
}

function hasLabel(labels: Readonly<Record<string, string>>, label: string): boolean {
  const [key = "", value] = label.split(/=(.*)/s);
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
}
