/** How bases are named: "nodejs22-debian13:nonroot", "./my-base.yaml:debug", and the images that they stand in for. Values only. */
import { given } from "../given.ts";
import { parseReference } from "../oci/index.ts";
import { recipeError } from "./errors.ts";

/** A recipe of the catalogue or a file, and one of its variants. */
export interface BaseName {
  /** A name of the catalogue, or the path of a .yaml file. */
  readonly recipe: string;
  /** Absent: the recipe as it is. */
  readonly variant?: string;
}

/** A base that stands in for an image. */
export interface StandInName extends BaseName {
  /** Of an image whose tag names it ("nonroot-arm64"), whatever platform is built for. As OCI names it. */
  readonly architecture?: string;
}

const FILE = /^(.+\.ya?ml)(?::(.*))?$/s;
const NAME = /^([^:/]+)(?::(.*))?$/s;
const VARIANT = /^[a-z0-9][a-z0-9-]*$/;
/** Newest first: what a name without a release means. */
const RELEASES = ["debian13", "debian12"];
/** Images that once had their version in the tag. */
const VERSION_IN_TAG = /^(\d+)(?:-(.+))?$/;
/** Google's images have each tag once more for each architecture, and for each commit that they were made of. */
const ARCHITECTURE = /(?:^|-)(amd64|arm64|arm|s390x|ppc64le|riscv64)$/;
const COMMIT = /(?:^|-)[0-9a-f]{40}(?:-|$)/;
const WITH_ARCHITECTURE = /^(.*)@([a-z0-9]+)$/s;

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
 * The base that stands in for an image such as gcr.io/distroless/nodejs22-debian13:nonroot-arm64, by the last word of its name, whatever registry it
 * is in; undefined for one that is pinned by its digest, or by the commit in its tag. Without a release the newest of `known` is meant that has the
 * name. Throws `REFERENCE`; `RECIPE` for a tag that cannot be a variant.
 */
export function baseOfImage(image: string, known: readonly string[]): StandInName | undefined {
  const { repository, tag = "latest", digest } = parseReference(image);
  if (digest !== undefined || COMMIT.test(tag)) return undefined;
  const name = repository.slice(repository.lastIndexOf("/") + 1);
  const [ending = "", architecture] = ARCHITECTURE.exec(tag) ?? [];
  const plain = tag.slice(0, tag.length - ending.length);
  const versioned = name === "nodejs" || name === "java" ? VERSION_IN_TAG.exec(plain) : null;
  const family = versioned === null ? name : `${name}${versioned[1] ?? ""}`;
  const variant = (versioned === null ? plain : versioned[2]) || "latest";
  const recipe = [family, ...RELEASES.map((release) => `${family}-${release}`)].find((one) => known.includes(one));
  return { ...parseBaseName(`${recipe ?? family}:${variant}`), ...given({ architecture }) };
}

/** "RECIPE[:VARIANT][@ARCHITECTURE]" */
export function formatStandIn({ recipe, variant, architecture }: StandInName): string {
  return `${recipe}${variant === undefined ? "" : `:${variant}`}${architecture === undefined ? "" : `@${architecture}`}`;
}

/** Reads what `formatStandIn` writes. Throws `RECIPE`. */
export function parseStandIn(text: string): StandInName {
  const [, base, architecture] = WITH_ARCHITECTURE.exec(text) ?? [];
  return base === undefined || architecture === undefined ? parseBaseName(text) : { ...parseBaseName(base), architecture };
}
