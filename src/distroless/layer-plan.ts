/**
 * Which packages share a layer. Packages of one level of the recipe chain stay together, so that images built on the same levels share their layers; in a level,
 * source packages that are large have a layer of their own, so that an update of one does not send the others again. Over the budget, layers are
 * merged from the top, where fewest images share them. Pure.
 */

/** Something that wants to be in a layer. */
export interface Piece {
  /** "packages" of one level may be merged and split; all others are a layer each while the budget allows. */
  readonly kind: "packages" | "other";
  /** Position in the chain; pieces come with rising levels. */
  readonly level: number;
  /** The Debian source package. */
  readonly source?: string;
  /** Unpacked. */
  readonly sizeBytes: number;
}

/** A source package of this size and more has a layer of its own. */
const LARGE_BYTES = 4 * 1024 * 1024;

interface Group<Item extends Piece> {
  readonly kind: Piece["kind"];
  readonly level: number;
  readonly items: readonly Item[];
  readonly sizeBytes: number;
}

/** The pieces by layer, bottom first; at most `budget` layers, and at least one. */
export function planLayers<Item extends Piece>(pieces: readonly Item[], budget: number): (readonly Item[])[] {
  let groups = [...Map.groupBy(pieces, ({ level }) => level)].toSorted(([a], [b]) => a - b).flatMap(([, some]) => groupsOf(some));
  while (groups.length > Math.max(1, budget)) groups = merged(groups);
  return groups.map(({ items }) => items);
}

function groupsOf<Item extends Piece>(pieces: readonly Item[]): Group<Item>[] {
  const packages = pieces.filter(({ kind }) => kind === "packages");
  const sources = [...Map.groupBy(packages, ({ source }) => source)].map(([, items]) => groupOf(items));
  const small = sources.filter(({ sizeBytes }) => sizeBytes < LARGE_BYTES).flatMap(({ items }) => items);
  const large = sources.filter(({ sizeBytes }) => sizeBytes >= LARGE_BYTES);
  const others = pieces.filter(({ kind }) => kind === "other").map((piece) => groupOf([piece]));
  return [...(small.length === 0 ? [] : [groupOf(small)]), ...large, ...others];
}

/** Two neighbours become one: first packages of one level, then packages, then whatever is smallest; the topmost of equals. */
function merged<Item extends Piece>(groups: readonly Group<Item>[]): Group<Item>[] {
  const pairs = groups.slice(1).map((upper, at) => ({ at, lower: groups[at], upper }));
  const rank = ({ lower, upper }: (typeof pairs)[number]): readonly number[] => {
    const arePackages = lower?.kind === "packages" && upper.kind === "packages";
    const oneLevel = arePackages && lower.level === upper.level;
    return [oneLevel ? 0 : arePackages ? 1 : 2, oneLevel ? -upper.level : 0, (lower?.sizeBytes ?? 0) + upper.sizeBytes];
  };
  const [best] = pairs.toSorted((a, b) => compareRanks(rank(a), rank(b)) || b.at - a.at);
  if (best?.lower === undefined) return [...groups];
  const joined = { ...groupOf([...best.lower.items, ...best.upper.items]), level: best.upper.level };
  return [...groups.slice(0, best.at), joined, ...groups.slice(best.at + 2)];
}

function groupOf<Item extends Piece>(items: readonly Item[]): Group<Item> {
  return {
    kind: items.every(({ kind }) => kind === "packages") ? "packages" : "other",
    level: items[0]?.level ?? 0,
    items,
    sizeBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - (b[at] ?? 0);
  return 0;
}
