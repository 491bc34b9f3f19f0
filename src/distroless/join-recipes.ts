/** Documents → `Recipe`, and variants over it. Values only, no files are opened. */
import { parseRelations, type VersionConstraint, type VersionConstraints } from "../debian/index.ts";
import { given } from "../given.ts";
import { recipeError } from "./errors.ts";
import { hasMergedUsr } from "./merged-usr.ts";
import type { Certificates, PackagePart, Recipe, RecipeDocument, RecipeLevel, RecipeSettings, RecipeVariant } from "./recipe.ts";

const DEFAULT_LAYERS = 10;
/** What most people build for. More would make each lock larger, and fail for packages that other architectures lack. */
const DEFAULT_ARCHITECTURES = ["amd64", "arm64"];

/** Joins a chain of documents, the one that extends nothing first; their files are loaded. Throws `RECIPE`. */
export function joinRecipes(documents: readonly RecipeDocument[]): Recipe {
  const last = documents.at(-1);
  const name = last?.name ?? "";
  const suites = [...new Set(documents.flatMap((one) => one.suite ?? []))];
  const [suite] = suites;
  if (suite === undefined) throw recipeError(name, "it names no suite; wanted a Debian codename such as bookworm");
  if (suites.length > 1) throw recipeError(name, `its parts are of different suites: ${suites.join(", ")}`);
  const certificates = joinCertificates(name, documents);
  const node = lastOf(documents, (one) => one.node);
  const sources = documents.flatMap((one) => one.sources ?? []);
  const support = documents.flatMap((one) => one.support ?? []);
  const empty: Recipe = {
    name,
    suite,
    architectures: joinArchitectures(documents),
    levels: [],
    exclude: unique(documents.flatMap((one) => one.exclude ?? [])),
    ignore: [...new Set(documents.flatMap((one) => one.ignore ?? []))],
    parts: [],
    slices: [],
    users: documents.flatMap((one) => one.users ?? []),
    groups: documents.flatMap((one) => one.groups ?? []),
    files: [],
    osRelease: lastOf(documents, (one) => one.osRelease) ?? false,
    ldCache: lastOf(documents, (one) => one.ldCache) ?? false,
    usrMerge: lastOf(documents, (one) => one.usrMerge) ?? hasMergedUsr(suite),
    layers: lastOf(documents, (one) => one.layers) ?? DEFAULT_LAYERS,
    env: {},
    user: "0",
    workdir: "/",
    annotations: {},
    variants: joinVariants(documents),
    ...(last?.description === undefined ? {} : { description: last.description }),
    ...(sources.length === 0 ? {} : { sources }),
    ...given({ certificates, node }),
    ...(support.length === 0 ? {} : { support }),
  };
  const recipe = documents.reduce((joined, one) => withSettings(joined, one, one.name), empty);
  checkTwice(name, "user", recipe.users);
  checkTwice(name, "group", recipe.groups);
  // A mistake in a variant that nobody has asked for yet is one all the same.
  for (const variant of [undefined, ...Object.keys(recipe.variants)]) checkUser(withVariant(recipe, variant));
  return recipe;
}

/** Those that the last document names, else the usual ones of what it extends. */
function joinArchitectures(documents: readonly RecipeDocument[]): readonly string[] {
  return documents.reduce<readonly string[]>((below, { architectures }) => {
    if (architectures !== undefined) return architectures;
    const usual = DEFAULT_ARCHITECTURES.filter((one) => below.includes(one));
    return usual.length === 0 ? below : usual;
  }, DEFAULT_ARCHITECTURES);
}

/**
 * The recipe with a variant's settings; undefined and "latest" change nothing. Throws `RECIPE` for a variant that it does not have, or that
 * joins itself.
 */
export function withVariant(recipe: Recipe, variant: string | undefined): Recipe {
  if (variant === undefined || variant === "latest") return recipe;
  const chain = variantChain(recipe, variant, []);
  const joined = chain.reduce((base, one) => withSettings(base, variantOf(recipe, one), `${recipe.name}:${one}`), recipe);
  return { ...joined, variant };
}

/** The variants that make up `variant`, itself last, each once. */
function variantChain(recipe: Recipe, variant: string, above: readonly string[]): string[] {
  if (above.includes(variant)) throw recipeError(recipe.name, `its variant joins itself: ${[...above, variant].join(" → ")}`);
  const joined = variantOf(recipe, variant).join ?? [];
  return unique([...joined.flatMap((one) => variantChain(recipe, one, [...above, variant])), variant]);
}

function variantOf(recipe: Recipe, name: string): RecipeVariant {
  const variant = Object.hasOwn(recipe.variants, name) ? recipe.variants[name] : undefined;
  if (variant !== undefined) return variant;
  const known = Object.keys(recipe.variants).join(", ") || "(none)";
  throw recipeError(recipe.name, `it has no variant "${name}"; wanted one of ${known}`);
}

function withSettings(recipe: Recipe, added: RecipeSettings, name: string): Recipe {
  const { entrypoint: _entrypoint, cmd: _cmd, ...rest } = recipe;
  const wanted = (added.packages ?? []).flatMap((text) => parseRelations(text, recipe.name).flat());
  const before = recipe.levels.flatMap((level) => level.packages);
  const isThere = (one: string, at: number): boolean => before.includes(one) || wanted.findIndex((other) => other.name === one) !== at;
  // With a version it is no new wish, but one about a package that is there.
  const twice = wanted.find((one, at) => one.version === undefined && isThere(one.name, at));
  if (twice !== undefined) {
    const level = recipe.levels.find((one) => one.packages.includes(twice.name))?.name ?? name;
    throw recipeError(recipe.name, `it has the package "${twice.name}" twice`, {
      hint: `Leave it out, as "${level}" names it; for certain versions, write "${twice.name} (>= …)"`,
    });
  }
  const packages = wanted.filter((one, at) => !isThere(one.name, at)).map((one) => one.name);
  const versions = joinVersions(
    recipe.versions,
    wanted.flatMap((one) => (one.version === undefined ? [] : [[one.name, one.version]])),
  );
  const level: RecipeLevel = { name, packages, follow: added.follow ?? true };
  const levels = packages.length === 0 ? recipe.levels : [...recipe.levels, level];
  return {
    ...rest,
    levels,
    ...(Object.keys(versions).length === 0 ? {} : { versions }),
    parts: joinParts([...recipe.parts, ...(added.parts ?? [])], levels),
    slices: [...recipe.slices, ...(added.slices ?? [])],
    files: [...recipe.files, ...(added.files ?? [])],
    env: joinRecords(recipe.env, added.env),
    annotations: joinRecords(recipe.annotations, added.annotations),
    user: added.user ?? recipe.user,
    workdir: added.workdir ?? recipe.workdir,
    ...given({
      busybox: added.busybox,
      stopSignal: added.stopSignal,
      healthcheck: added.healthcheck,
      ports: joinedList(recipe.ports, added.ports),
      volumes: joinedList(recipe.volumes, added.volumes),
      permissions: joinedList(recipe.permissions, added.permissions),
      labels: joinedRecord(recipe.labels, added.labels),
    }),
    ...filled("entrypoint", added.entrypoint ?? recipe.entrypoint),
    ...filled("cmd", added.cmd ?? recipe.cmd),
  };
}

function joinVersions(
  before: VersionConstraints = {},
  added: readonly (readonly [name: string, version: VersionConstraint])[],
): VersionConstraints {
  const joined = new Map(Object.entries(before));
  for (const [name, version] of added) joined.set(name, [...(joined.get(name) ?? []), version]);
  return Object.fromEntries(joined);
}

function filled<Key extends "entrypoint" | "cmd">(key: Key, value: readonly string[] | undefined): { [K in Key]?: readonly string[] } {
  const none: { [K in Key]?: readonly string[] } = {};
  return value === undefined || value.length === 0 ? none : { ...none, [key]: value };
}

/** A package that is taken whole needs no parts. */
function joinParts(parts: readonly PackagePart[], levels: readonly RecipeLevel[]): PackagePart[] {
  const whole = new Set(levels.flatMap((level) => level.packages));
  const byPackage = Map.groupBy(
    parts.filter((part) => !whole.has(part.package)),
    (part) => part.package,
  );
  return [...byPackage].map(([name, some]) => ({ package: name, keep: unique(some.flatMap((part) => part.keep)) }));
}

function joinCertificates(name: string, documents: readonly RecipeDocument[]): Certificates | undefined {
  const all = documents.flatMap((one) => one.certificates ?? []);
  if (all.length === 0) return undefined;
  const from = lastOf(all, (one) => one.package);
  if (from === undefined) throw recipeError(name, "it adds certificates to none; wanted certificates.package, or a recipe that has it");
  const add = all.flatMap((one) => one.add ?? []);
  const texts = add.map((one) => {
    if ("pem" in one) return one.pem;
    throw recipeError(name, `the certificate "${one.file}" was not loaded`);
  });
  return { package: from, add: texts, java: lastOf(all, (one) => one.java) ?? false };
}

/** What several documents say about one variant is joined as the documents are. */
function joinVariants(documents: readonly RecipeDocument[]): Readonly<Record<string, RecipeVariant>> {
  const joined = new Map<string, RecipeVariant>();
  for (const [name, added] of documents.flatMap((one) => Object.entries(one.variants ?? {}))) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? added : joinVariant(before, added));
  }
  return Object.fromEntries(joined);
}

function joinVariant(before: RecipeVariant, added: RecipeVariant): RecipeVariant {
  return {
    ...before,
    ...added,
    ...given({
      packages: joinedList(before.packages, added.packages),
      parts: joinedList(before.parts, added.parts),
      slices: joinedList(before.slices, added.slices),
      files: joinedList(before.files, added.files),
      ports: joinedList(before.ports, added.ports),
      volumes: joinedList(before.volumes, added.volumes),
      permissions: joinedList(before.permissions, added.permissions),
      env: joinedRecord(before.env, added.env),
      annotations: joinedRecord(before.annotations, added.annotations),
      labels: joinedRecord(before.labels, added.labels),
    }),
  };
}

/** Lists grow; one that neither has stays absent. */
function joinedList<Item>(before: readonly Item[] = [], added: readonly Item[] = []): readonly Item[] | undefined {
  return before.length + added.length === 0 ? undefined : [...before, ...added];
}

/** Of two values with one name the later one counts. */
function joinedRecord(
  before: Readonly<Record<string, string>> | undefined,
  added: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  return before === undefined && added === undefined ? undefined : joinRecords(before ?? {}, added);
}

function joinRecords(
  before: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...Object.entries(before), ...Object.entries(added ?? {})]);
}

function checkTwice(recipe: string, what: string, all: readonly { readonly name: string }[]): void {
  const twice = all.find(({ name }, at) => all.findIndex((one) => one.name === name) !== at);
  if (twice !== undefined) throw recipeError(recipe, `it has the ${what} "${twice.name}" twice`);
}

/** Nobody could start a container of an image whose user is not in it. */
function checkUser({ name, variant, user, users, groups, files }: Recipe): void {
  if (files.some(({ path }) => path === "/etc/passwd" || path === "/etc/group")) return;
  const [account = "", group] = user.split(":");
  const unknown = (id: string | undefined, known: readonly { readonly name: string }[]): boolean =>
    id !== undefined && !/^\d+$/.test(id) && !known.some((one) => one.name === id);
  const what = unknown(account, users)
    ? `user "${account}" is not among its users`
    : unknown(group, groups)
      ? `group "${group ?? ""}" is not among its groups`
      : "";
  if (what !== "") throw recipeError(variant === undefined ? name : `${name}:${variant}`, `its ${what}; wanted one of them, or a number`);
}

function lastOf<Item, Value>(items: readonly Item[], pick: (item: Item) => Value | undefined): Value | undefined {
  return items.map(pick).findLast((value) => value !== undefined);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
