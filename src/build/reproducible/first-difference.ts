/** Where two builds of the same layers differ first: what is in a file counts before its times. */
import { displayPath } from "../../paths.ts";
import { type Entry, hasSameMetadata, hasSameTime, type Layer, type LayerSource, pairedEntries, readData } from "../../tree/index.ts";

/** A difference. */
export interface Difference {
  /** The number of the layer, from 0. */
  readonly layer: number;
  /** As shown; undefined where the builds have not the same number of layers. */
  readonly path: string | undefined;
  /** "time": nothing but its time. */
  readonly kind: "missing" | "kind" | "metadata" | "content" | "time";
  /** What is the case: "byte 17 is 0x41 in one build and 0x42 in the other". */
  readonly what: string;
}

/** How they are compared. */
interface CompareOptions {
  readonly ignoresTimes: boolean;
  readonly signal: AbortSignal;
  /** Default: two builds of one image. */
  readonly names?: Names;
}

/** What the two are called. */
interface Names {
  /** "byte 17 is 0x41 in ONE and 0x42 in OTHER" */
  readonly one: string;
  readonly other: string;
  /** "only FIRST has it" */
  readonly first: string;
  readonly second: string;
}

const TWO_BUILDS: Names = { one: "one build", other: "the other", first: "the first build", second: "the second build" };
/** An image and what its provenance gave. */
export const IMAGE_AND_REPLAY: Names = { one: "the image", other: "the replay", first: "the image", second: "the replay" };

const MAX_COMPARED = 64 * 1024 * 1024;

/** The first difference of the layers that were built: those of bases are what they are. */
export async function firstDifference(
  before: readonly LayerSource[],
  after: readonly LayerSource[],
  { ignoresTimes, signal, names = TWO_BUILDS }: CompareOptions,
): Promise<Difference | undefined> {
  let ofTimes: Difference | undefined;
  for (const [layer, source] of before.entries()) {
    signal.throwIfAborted();
    const other = after[layer];
    if (source.created === undefined || other === undefined) continue;
    const [one, two] = [await source.load(signal), await other.load(signal)];
    const found = await differenceOf(one, two, names);
    if (found !== undefined && found.kind !== "time") return { layer, ...found };
    if (found !== undefined && !ignoresTimes) ofTimes ??= { layer, ...found };
  }
  return ofTimes;
}

type Found = Omit<Difference, "layer">;

async function differenceOf(one: Layer, two: Layer, names: Names): Promise<Found | undefined> {
  let ofTimes: Found | undefined;
  for (const [a, b] of pairedEntries(one.index, two.index)) {
    const path = displayPath((a ?? b).path);
    if (a === undefined || b === undefined)
      return { path, kind: "missing", what: `only ${b === undefined ? names.first : names.second} has it` };
    const found = (await contentDifference(one, two, a, b, names)) ?? metadataDifference(a, b, names);
    if (found !== undefined) return { path, ...found };
    if (!hasSameTime(a, b))
      ofTimes ??= { path, kind: "time", what: `its time is ${timeOf(a)} in ${names.one} and ${timeOf(b)} in ${names.other}` };
  }
  return ofTimes;
}

function metadataDifference(a: Entry, b: Entry, { one, other }: Names): Pick<Found, "kind" | "what"> | undefined {
  if (hasSameMetadata(a, b)) return undefined;
  if (a.kind !== b.kind) return { kind: "kind", what: `it is a ${a.kind} in ${one} and a ${b.kind} in ${other}` };
  const facts = (entry: Entry): string =>
    `mode ${entry.mode.toString(8)}, owner ${entry.uid}:${entry.gid}${entry.link === undefined ? "" : `, to ${entry.link}`}`;
  return { kind: "metadata", what: `it has ${facts(a)} in ${one} and ${facts(b)} in ${other}` };
}

async function contentDifference(
  one: Layer,
  two: Layer,
  a: Entry,
  b: Entry,
  names: Names,
): Promise<Pick<Found, "kind" | "what"> | undefined> {
  if (a.kind !== "file" || b.kind !== "file" || (a.size === b.size && a.digest !== undefined && a.digest === b.digest)) return undefined;
  const [x, y] = [await beginningOf(one, a), await beginningOf(two, b)];
  const at = firstByte(x, y);
  if (at === undefined) return a.size === b.size ? undefined : { kind: "content", what: sizes(a, b, names) };
  const byte = (bytes: Buffer): string => (at < bytes.length ? `0x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}` : "missing");
  return { kind: "content", what: `byte ${at} is ${byte(x)} in ${names.one} and ${byte(y)} in ${names.other}${quoted(x, y, at)}` };
}

function sizes(a: Entry, b: Entry, { one, other }: Names): string {
  return `it has ${a.size} bytes in ${one} and ${b.size} in ${other}`;
}

async function beginningOf(layer: Layer, entry: Entry): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readData(await layer.data(entry), entry.size)) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= MAX_COMPARED) break;
  }
  return Buffer.concat(chunks);
}

function firstByte(a: Buffer, b: Buffer): number | undefined {
  if (a.equals(b)) return undefined;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return length;
}

/** What is around it, where it is text. */
function quoted(a: Buffer, b: Buffer, at: number): string {
  const part = (bytes: Buffer): string => bytes.subarray(Math.max(0, at - 20), at + 20).toString("latin1");
  const [one, two] = [part(a), part(b)];
  return /^[\x20-\x7e\t\n]+$/.test(one + two) ? `: ${JSON.stringify(one)} and ${JSON.stringify(two)}` : "";
}

function timeOf({ mtimeSec }: Entry): string {
  return new Date(mtimeSec * 1000).toISOString().replace(".000Z", "Z");
}
