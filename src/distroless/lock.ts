/** Locks: the exact packages that a recipe was resolved to, with addresses, hashes and the signed releases that vouch for them. Values only. */
import * as v from "valibot";
import type { BinaryPackage } from "../debian/index.ts";
import { type Digest, isDigest } from "../digest.ts";
import { shapeProblem } from "../shape-problem.ts";
import { lockError } from "./errors.ts";
import type { Recipe } from "./recipe.ts";
import { recipeDigest } from "./recipe-digest.ts";
import { VERSION } from "../version.ts";

/** A package of a lock: all that fetching it and laying it out need. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  /** Where it is not `version`. */
  readonly sourceVersion?: string;
  readonly uri: string;
  readonly suite: string;
  readonly filename: string;
  /** Of the .deb, in bytes. */
  readonly size: number;
  /** Of the .deb. */
  readonly digest: Digest;
  /** Only some of its paths are taken: a part of the recipe, its certificates or its busybox. */
  readonly part?: true;
  /** The variants that have it, "latest" for the base without one; absent: all. */
  readonly variants?: readonly string[];
}

/** A signed release that packages were chosen from. */
export interface LockedRelease {
  readonly uri: string;
  readonly suite: string;
  /** Of the InRelease file. */
  readonly digest: Digest;
  /** ISO times. */
  readonly date: string;
  readonly validUntil?: string;
  readonly signers: readonly { readonly fingerprint: string; readonly userId: string }[];
}

/** The npm package that Node.js is taken from. */
export interface LockedNode {
  readonly name: string;
  readonly version: string;
  /** "sha512-…" */
  readonly integrity: string;
}

/** What a recipe was resolved to for one architecture. */
export interface LockedArchitecture {
  readonly releases: readonly LockedRelease[];
  readonly packages: readonly LockedPackage[];
  readonly node?: LockedNode;
}

/** A lock file. */
export interface Lock {
  /** The recipe's name. */
  readonly recipe: string;
  /** See `recipeDigest`. */
  readonly digest: Digest;
  readonly suite: string;
  /** "decant 0.1.0" */
  readonly tool: string;
  /** By OCI name. */
  readonly architectures: Readonly<Record<string, LockedArchitecture>>;
}

/** The name of the base without a variant. */
export const LATEST = "latest";

const FORMAT = 1;
const SEGMENT = "[A-Za-z0-9][A-Za-z0-9+._~:%-]*";
const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "wanted a digest");
const matching = (pattern: RegExp): v.GenericSchema<string, string> => v.pipe(v.string(), v.regex(pattern));
const uri = matching(/^https?:\/\/[^\s]+$/);
const name = matching(/^[a-z0-9][a-z0-9+.-]+$/);
const version = matching(/^[0-9A-Za-z.+~:-]+$/);
const suite = matching(/^(?:\.\/|[A-Za-z0-9][A-Za-z0-9._/-]*)$/);
const packageSchema = v.strictObject({
  name,
  version,
  architecture: matching(/^[a-z0-9-]+$/),
  source: name,
  sourceVersion: v.exactOptional(version),
  uri,
  suite,
  filename: matching(new RegExp(`^${SEGMENT}(?:/${SEGMENT})*\\.deb$`)),
  size: v.pipe(v.number(), v.integer(), v.minValue(1)),
  digest,
  part: v.exactOptional(v.literal(true)),
  variants: v.exactOptional(v.array(v.string())),
});
const schema = v.strictObject({
  format: v.literal(FORMAT),
  recipe: v.string(),
  digest,
  suite: v.string(),
  tool: v.string(),
  architectures: v.record(
    v.string(),
    v.strictObject({
      releases: v.array(
        v.strictObject({
          uri,
          suite,
          digest,
          date: v.pipe(v.string(), v.isoTimestamp()),
          validUntil: v.exactOptional(v.pipe(v.string(), v.isoTimestamp())),
          signers: v.array(v.strictObject({ fingerprint: v.string(), userId: v.string() })),
        }),
      ),
      packages: v.array(packageSchema),
      node: v.exactOptional(v.strictObject({ name: v.string(), version: v.string(), integrity: matching(/^sha512-[A-Za-z0-9+/]{86}==$/) })),
    }),
  ),
});

/** The lock of what was assembled, for its variant and architecture alone. */
export function lockOf(recipe: Recipe, architecture: string, { releases, packages, node }: Assembled): Lock {
  const [first] = node;
  const pinned = first === undefined ? {} : { node: { name: first.name, version: first.version, integrity: first.integrity } };
  return {
    recipe: recipe.name,
    digest: recipeDigest(recipe),
    suite: recipe.suite,
    tool: `decant ${VERSION}`,
    architectures: { [architecture]: { releases, packages, ...pinned } },
  };
}

/** What an assembly tells of where it took things from. */
interface Assembled {
  readonly releases: readonly LockedRelease[];
  readonly packages: readonly LockedPackage[];
  readonly node: readonly LockedNode[];
}

/** Reads a lock file; `file` is its name, for messages. Throws `RECIPE_LOCK`. */
export function parseLock(text: string, file: string): Lock {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw lockError(file, `it is not JSON: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    throw lockError(file, shapeProblem(parsed.issues[0]));
  }
  const { format: _format, ...lock } = parsed.output;
  return lock;
}

/** The text of a lock file: JSON, with a line for each package, so that a change of one is a change of one line. */
export function formatLock(lock: Lock): string {
  const lines: string[] = [];
  const placeholder = (value: unknown): string => `@${lines.push(JSON.stringify(value)) - 1}@`;
  const architectures = Object.entries(lock.architectures).map(([key, one]) => [
    key,
    { ...one, releases: one.releases.map(placeholder), packages: one.packages.map(placeholder) },
  ]);
  const whole = JSON.stringify({ format: FORMAT, ...lock, architectures: Object.fromEntries(architectures) }, undefined, 2);
  return `${whole.replaceAll(/"@(\d+)@"/g, (_all, at: string) => lines[Number(at)] ?? "")}\n`;
}

/** Throws `RECIPE_DRIFT` when the recipe is no longer what was locked. `asked`: how the recipe was asked for, for the hint. */
export function checkDrift(lock: Lock, recipe: Recipe, file: string, asked = "RECIPE"): void {
  if (lock.digest === recipeDigest(recipe)) return;
  throw lockError(file, `recipe "${recipe.name}" has changed since it was locked`, {
    code: "RECIPE_DRIFT",
    hint: `Lock it again, and see what changes: decant base update ${asked}`,
  });
}

/** What a lock has for an architecture. Throws `RECIPE_LOCK`. */
export function lockedFor(lock: Lock, architecture: string): LockedArchitecture {
  const locked = Object.hasOwn(lock.architectures, architecture) ? lock.architectures[architecture] : undefined;
  if (locked !== undefined) return locked;
  const known = Object.keys(lock.architectures).join(", ");
  throw lockError(lock.recipe, `it has nothing for ${architecture}; it has ${known === "" ? "nothing" : known}`);
}

/** The packages of a variant, in the order of the lock. */
export function packagesOfVariant(locked: LockedArchitecture, variant: string | undefined): LockedPackage[] {
  return locked.packages.filter(({ variants }) => variants === undefined || variants.includes(variant ?? LATEST));
}

/** As the archive gives it. */
export function binaryOf({ part: _part, variants: _variants, ...binary }: LockedPackage): BinaryPackage {
  return binary;
}
