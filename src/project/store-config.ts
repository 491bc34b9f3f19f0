/**
 * config.yaml in the folder of the store: what holds for everybody who uses it.
 *
 *     gc:
 *       maxUsedSpace: 20GB
 *       reservedSpace: 2GB
 *       minFreeSpace: 10GB
 *       keepDuration: { layers: 30d, mounts: 60d, sources: 7d }
 */
import { join } from "node:path";
import { parseSize } from "../dockerfile/index.ts";
import { isDecantError } from "../errors.ts";
import type { CacheKind, GcPolicy } from "../store/index.ts";
import type { SourceRange } from "../source.ts";
import { readNamedFile } from "../sys/index.ts";
import { configError, mappingEntries, readYaml, scalarOf, type YamlEntry, type YamlReading } from "./yaml-reading.ts";

/** Its name. */
export const STORE_CONFIG = "config.yaml";
const MAX_BYTES = 1024 * 1024;
const SPACES = { maxUsedSpace: "maxUsedBytes", reservedSpace: "reservedBytes", minFreeSpace: "minFreeBytes" } as const;
const KINDS: readonly CacheKind[] = ["layers", "mounts", "sources"];
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads the policy of the store at `root`; undefined where it has none. Throws `CONFIG_FILE` with the place. */
export async function readGcPolicy(root: string): Promise<GcPolicy | undefined> {
  const path = join(root, STORE_CONFIG);
  const read = await readNamedFile({ path }, { maxBytes: MAX_BYTES });
  if ("problem" in read) {
    if (read.isMissing) return undefined;
    const file = { name: path, text: "" };
    throw configError(read.problem, { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } });
  }
  return await parseStoreConfig({ name: path, text: Buffer.from(read.bytes).toString("utf8") });
}

/** Parses the text of the file. Throws `CONFIG_FILE` with the place. */
async function parseStoreConfig(file: { readonly name: string; readonly text: string }): Promise<GcPolicy | undefined> {
  const read = await readYaml(file);
  let policy: GcPolicy | undefined;
  for (const { key, value, range } of mappingEntries(read, read.document.contents, "the configuration of the store")) {
    if (key !== "gc") throw configError(`it has no key "${key}"; wanted gc`, range);
    policy = {};
    for (const entry of mappingEntries(read, value, '"gc"')) policy = { ...policy, ...settingOf(read, entry) };
  }
  return policy;
}

function settingOf(read: YamlReading, { key, value, range, valueRange }: YamlEntry): Partial<GcPolicy> {
  if (Object.hasOwn(SPACES, key)) return { [SPACES[key as keyof typeof SPACES]]: sizeOf(read, key, value, valueRange) };
  if (key !== "keepDuration")
    throw configError(`"gc" has no key "${key}"; wanted ${Object.keys(SPACES).join(", ")} or keepDuration`, range);
  const text = scalarOf(read, value);
  if (text !== undefined) {
    const ms = durationOf(text, key, valueRange);
    return { keepMs: Object.fromEntries(KINDS.map((kind) => [kind, ms])) };
  }
  const keepMs: Partial<Record<CacheKind, number>> = {};
  for (const entry of mappingEntries(read, value, '"keepDuration"')) {
    const kind = KINDS.find((one) => one === entry.key);
    if (kind === undefined) throw configError(`"keepDuration" has no key "${entry.key}"; wanted ${KINDS.join(", ")}`, entry.range);
    keepMs[kind] = durationOf(scalarOf(read, entry.value), kind, entry.valueRange);
  }
  return { keepMs };
}

function sizeOf(read: YamlReading, key: string, value: unknown, range: SourceRange): number {
  const text = scalarOf(read, value);
  try {
    if (typeof text === "number" || typeof text === "string") return parseSize(String(text));
  } catch (error) {
    if (!isDecantError(error)) throw error;
  }
  throw configError(`"${key}" is no size; wanted a number of bytes, or one with a unit, such as 20GB`, range);
}

function durationOf(value: string | number | boolean | undefined, key: string, range: SourceRange): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(typeof value === "string" ? value : "") ?? [];
  if (count === undefined) throw configError(`"${key}" is no time; wanted a number and m, h or d, such as 30d`, range);
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
