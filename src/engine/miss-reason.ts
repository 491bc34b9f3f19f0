/** Why the cache has no result for a step: what changed against the nearest record of it. */
import type { Digest } from "../digest.ts";
import type { InputChange, MissReason } from "../events.ts";
import { given } from "../given.ts";
import { SHOWN_CHANGES } from "../reasons.ts";
import type { Store } from "../store/index.ts";
import { readPathLines } from "./file/selection-lines.ts";
import { pathChanges } from "./path-changes.ts";
import {
  detailOf,
  keptIngredient,
  type KeptIngredient,
  recordsOf,
  recordsPrunedAt,
  type StepName,
  type StepRecord,
  stepRecord,
} from "./step-records.ts";
import type { Ingredient } from "./types.ts";

/** A miss. */
interface Miss {
  readonly reason: MissReason;
  /** The key of the record that it was compared with. */
  readonly nearest?: string;
}

/** A step that the cache does not have. */
export interface MissedStep {
  readonly key: Digest;
  readonly name: StepName;
  readonly ingredients: readonly Ingredient[];
  /** An option switched the cache off for it. */
  readonly isOff: boolean;
  /** Also say which paths changed: as long as the lists of files are, so does it take. */
  readonly withPaths: boolean;
}

/** Finds out. */
export async function reasonOfMiss(store: Store, { key, name, ingredients, isOff, withPaths }: MissedStep): Promise<Miss> {
  if (isOff) return { reason: { kind: "no-cache" } };
  const same = stepRecord(store, key);
  const prunedAt = store.records.removedAt("action", key);
  if (same !== undefined || prunedAt !== undefined) return { reason: { kind: "removed", ...given({ prunedAt, recordedAt: same?.at }) } };
  const kept = ingredients.map(keptIngredient);
  const nearest = nearestOf(kept, recordsOf(store, name));
  if (nearest === undefined) return { reason: { kind: "first", ...given({ prunedAt: recordsPrunedAt(store, name) }) } };
  const listOf = async (part: KeptIngredient): Promise<Uint8Array | undefined> => {
    const lines = withPaths ? ingredients.find((one) => one.name === part.name)?.detail : undefined;
    return lines && (await readPathLines(lines.compressed()));
  };
  const changes = await changesBetween(store, nearest, { text: name.text, ingredients: kept, listOf });
  return { reason: { kind: "changed", changes, recordedAt: nearest.at }, nearest: nearest.key };
}

/** What changed from one kept record to another, with all paths. Undefined where one of them is gone. */
export async function changesOfRecords(store: Store, from: string, to: string): Promise<InputChange[] | undefined> {
  const [before, after] = [stepRecord(store, from), stepRecord(store, to)];
  if (before === undefined || after === undefined) return undefined;
  return await changesBetween(store, before, { ...after, listOf: (part) => detailOf(store, part), maxPaths: Infinity });
}

/** The one with the fewest changes; of several, the first. */
function nearestOf(now: readonly KeptIngredient[], records: readonly StepRecord[]): StepRecord | undefined {
  let nearest: StepRecord | undefined;
  let least = Infinity;
  for (const record of records) {
    const count = differing(now, record.ingredients);
    if (count >= least) continue;
    [nearest, least] = [record, count];
  }
  return nearest;
}

function differing(one: readonly KeptIngredient[], other: readonly KeptIngredient[]): number {
  const values = new Map(other.map(({ name, value }) => [name, value]));
  let same = 0;
  for (const { name, value } of one) if (values.get(name) === value) same += 1;
  return one.length + other.length - 2 * same;
}

/** The younger side of a comparison. */
interface Present extends Pick<StepRecord, "text" | "ingredients"> {
  readonly listOf: (part: KeptIngredient) => Promise<Uint8Array | undefined>;
  readonly maxPaths?: number;
}

async function changesBetween(store: Store, before: StepRecord, now: Present): Promise<InputChange[]> {
  const old = new Map(before.ingredients.map((part) => [part.name, part]));
  const changes: InputChange[] = [];
  const instruction: { was: KeptIngredient | undefined; is: KeptIngredient | undefined }[] = [];
  for (const is of now.ingredients) {
    const was = old.get(is.name);
    old.delete(is.name);
    if (was?.value === is.value) continue;
    if (is.kind === "instruction") instruction.push({ was, is });
    else if (is.kind === "files") changes.push(await filesChange(store, was, is, now));
    else changes.push(changeOf(was, is));
  }
  for (const was of old.values())
    if (was.kind === "instruction") instruction.push({ was, is: undefined });
    // The instruction says it.
    else if (was.kind !== "files") changes.push(changeOf(was, undefined));
  return [...instructionChanges(before.text, now.text, instruction), ...changes];
}

function changeOf(was: KeptIngredient | undefined, is: KeptIngredient | undefined): InputChange {
  const { name, kind, isSecret } = is ?? was ?? { name: "", kind: undefined, isSecret: undefined };
  const state = was === undefined ? "new" : is === undefined ? "gone" : "changed";
  const [from, to] = [was, is].map((part) => part && (part.shown ?? part.value));
  const bare = name.replace(/^ENV /, "");
  switch (kind) {
    case "arg":
    case "env":
      return { input: kind === "arg" ? "ARG" : "ENV", name: bare, state, ...(isSecret === true ? { isSecret } : given({ from, to })) };
    case "base":
      return { input: "base image", name: "", state, ...given({ from, to }) };
    case "parent":
      return { input: "parent step", name: "", state, ...given({ from, to }) };
    case "files":
    case "instruction":
    case undefined: {
      const isLong = [from, to].some((text) => text !== undefined && /^sha256:[0-9a-f]{64}|\n/.test(text));
      return { input: "setting", name, state, ...(isLong ? {} : given({ from, to })) };
    }
  }
}

async function filesChange(store: Store, was: KeptIngredient | undefined, is: KeptIngredient, now: Present): Promise<InputChange> {
  const change: InputChange = { input: "files", name: is.shown ?? is.name, state: was === undefined ? "new" : "changed" };
  if (was?.detail === undefined) return change;
  const after = await now.listOf(is);
  const before = after === undefined ? undefined : await detailOf(store, was);
  if (before === undefined || after === undefined) return change;
  const paths = pathChanges(before, after);
  const { maxPaths = SHOWN_CHANGES } = now;
  // Lists that are the same, and digests that are not: the way in which they are made is another one.
  if (paths.length === 0) return change;
  return { ...change, paths: paths.slice(0, maxPaths), ...(paths.length > maxPaths ? { morePaths: paths.length - maxPaths } : {}) };
}

/** By the text where that is another one, else by what its variables, flags and scripts came to. */
function instructionChanges(
  from: string,
  to: string,
  parts: readonly { readonly was: KeptIngredient | undefined; readonly is: KeptIngredient | undefined }[],
): InputChange[] {
  if (parts.length === 0) return [];
  if (from !== to) return [{ input: "instruction", name: "", state: "changed", from, to }];
  return parts.map(({ was, is }): InputChange => {
    const name = is?.shown ?? was?.shown ?? "";
    const change: InputChange = { input: "instruction", name, state: was === undefined ? "new" : is === undefined ? "gone" : "changed" };
    if (was?.isSecret === true || is?.isSecret === true) return { ...change, isSecret: true };
    return { ...change, ...given({ from: was?.value, to: is?.value }) };
  });
}
