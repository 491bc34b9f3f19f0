/** How bases are named: "nodejs22-debian13:nonroot", "./my-base.yaml:debug", and the images that they stand in for. Values only. */
import { formatReference, parseReference } from "../oci/index.ts";
import { recipeError } from "./errors.ts";

/** A recipe of the catalogue or a file, and one of its variants. */
export interface BaseName {
  /** A name of the catalogue, or the path of a .yaml file. */
  readonly recipe: string;
  /** Absent: the recipe as it is. */
  readonly variant?: string;
}

const FILE = /^(.+\.ya?ml)(?::(.*))?$/s;
const NAME = /^([^:/]+)(?::(.*))?$/s;
const VARIANT = /^[a-z0-9][a-z0-9-]*$/;
const IMAGES = "gcr.io/distroless/";
/** Newest first: what a name without a release means. */
const RELEASES = ["debian13", "debian12"];
/** Images that once had their version in the tag. */
const VERSION_IN_TAG = /^(\d+)(?:-(.+))?$/;

/** Reads "RECIPE[:VARIANT]"; the variant "latest" is none. Throws `RECIPE`. */
export function parseBaseName(text: string): BaseName {
  const [, recipe, variant] = FILE.exec(text) ?? NAME.exec(text) ?? [];
  if (recipe === undefined) throw recipeError(text, "it is neither a name of the catalogue nor a .yaml file");
  if (variant === undefined || variant === "latest") return { recipe };
  if (!VARIANT.test(variant)) throw recipeError(text, `"${variant}" is no variant; wanted a name such as nonroot`);
  return { recipe, variant };
}

/** Whether a recipe is named by its file. */
export function isRecipeFile(recipe: string): boolean {
  return /\.ya?ml$/.test(recipe);
}

/**
 * The base that stands in for an image of gcr.io/distroless, of the recipes that are `known`; undefined for any other image, and for one
 * that is pinned by its digest. Without a release the newest is meant that has the name. Throws `RECIPE` for a name that no recipe has.
 */
export function baseOfImage(image: string, known: readonly string[]): BaseName | undefined {
  const reference = parseReference(image);
  const whole = formatReference(reference);
  if (!whole.startsWith(IMAGES) || reference.digest !== undefined) return undefined;
  const tag = reference.tag ?? "latest";
  const path = whole.slice(IMAGES.length).replace(/[:@].*$/s, "");
  const versioned = path === "nodejs" || path === "java" ? VERSION_IN_TAG.exec(tag) : null;
  const family = versioned === null ? path : `${path}${versioned[1] ?? ""}`;
  const variant = versioned === null ? tag : (versioned[2] ?? "latest");
  const recipe = [family, ...RELEASES.map((release) => `${family}-${release}`)].find((name) => known.includes(name));
  return parseBaseName(`${recipe ?? family}:${variant}`);
}
