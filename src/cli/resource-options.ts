/** Flags of `build` about what RUN steps may use: --resource KEY=VALUE, and --memory, --cpu-shares … of docker build for the same keys. */
import { parseSize } from "../dockerfile/index.ts";
import { isDecantError, usageError } from "../errors.ts";
import type { BuildOptions } from "../index.ts";
import type { RepeatedOption, TextOption } from "./command.ts";
import { closest } from "./suggest.ts";

type Resources = NonNullable<BuildOptions["resources"]>;

/** Keys of --resource, each also a flag of docker build. */
export const RESOURCE_KEYS = ["memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota", "cpuset-cpus", "cpuset-mems"] as const;

type ResourceKey = (typeof RESOURCE_KEYS)[number];

/** Spread it into a command's table. */
export const RESOURCE_OPTION_TABLE: { readonly resource: RepeatedOption } & Readonly<Record<ResourceKey, TextOption>> = {
  resource: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "Limit of each RUN step: memory, memory-swap, cpu-shares, cpu-period, cpu-quota, cpuset-cpus, cpuset-mems",
  },
  memory: { type: "string", short: "m", value: "SIZE", help: "The same as --resource memory=SIZE" },
  "memory-swap": { type: "string", value: "SIZE", help: "The same as --resource memory-swap=SIZE" },
  "cpu-shares": { type: "string", short: "c", value: "NUMBER", help: "The same as --resource cpu-shares=NUMBER" },
  "cpu-period": { type: "string", value: "MICROSECONDS", help: "The same as --resource cpu-period=MICROSECONDS" },
  "cpu-quota": { type: "string", value: "MICROSECONDS", help: "The same as --resource cpu-quota=MICROSECONDS" },
  "cpuset-cpus": { type: "string", value: "LIST", help: "The same as --resource cpuset-cpus=LIST" },
  "cpuset-mems": { type: "string", value: "LIST", help: "The same as --resource cpuset-mems=LIST" },
};

/** "memory=2g" → bytes, and so on; later ones win. Undefined for none. Throws `USAGE`. */
export function parseResources(entries: readonly string[]): Resources | undefined {
  const found = entries.map(readEntry);
  return found.length === 0 ? undefined : Object.assign({}, ...found);
}

function readEntry(entry: string): Resources {
  const equals = entry.indexOf("=");
  const name = entry.slice(0, Math.max(equals, 0)).trim();
  const value = entry.slice(equals + 1).trim();
  const key = RESOURCE_KEYS.find((each) => each === name);
  if (key === undefined) {
    const guess = closest(name, RESOURCE_KEYS);
    throw usageError(
      `Cannot use --resource "${entry}": wanted KEY=VALUE with one of ${RESOURCE_KEYS.join(", ")}`,
      guess === undefined ? undefined : `Did you mean ${guess}?`,
    );
  }
  return readValue(key, value);
}

function readValue(key: ResourceKey, value: string): Resources {
  switch (key) {
    case "memory":
      return { memoryBytes: sizeOf(key, value) };
    case "memory-swap":
      return { memorySwapBytes: value === "-1" ? -1 : sizeOf(key, value) };
    case "cpu-shares":
      return { cpuShares: numberOf(key, value) };
    case "cpu-period":
      return { cpuPeriodUsec: numberOf(key, value) };
    case "cpu-quota":
      return { cpuQuotaUsec: numberOf(key, value) };
    case "cpuset-cpus":
      return { cpus: listOf(key, value) };
    case "cpuset-mems":
      return { mems: listOf(key, value) };
    default:
      return key satisfies never;
  }
}

function sizeOf(key: ResourceKey, value: string): number {
  try {
    const sizeBytes = parseSize(value);
    if (sizeBytes > 0) return sizeBytes;
  } catch (error) {
    if (!isDecantError(error)) throw error;
  }
  throw usageError(`Cannot use ${key} "${value}": wanted a size, for example 512m or 2g`);
}

function numberOf(key: ResourceKey, value: string): number {
  if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
  throw usageError(`Cannot use ${key} "${value}": wanted a number above 0`);
}

function listOf(key: ResourceKey, value: string): string {
  if (/^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*$/.test(value)) return value;
  throw usageError(`Cannot use ${key} "${value}": wanted numbers and ranges, for example 0-3,5`);
}
