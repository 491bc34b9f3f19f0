/** What the commands have in common that free space. */
import { formatSize } from "../bytes.ts";
import { unsupported } from "../errors.ts";
import type { PruneResult } from "../index.ts";
import { parseDuration } from "./duration.ts";

/** Spread it into a command's table. */
export const PRUNE_OPTION_TABLE: {
  readonly force: { readonly type: "boolean"; readonly short: "f"; readonly help: string };
  readonly filter: { readonly type: "string"; readonly multiple: true; readonly value: string; readonly help: string };
  readonly "older-than": { readonly type: "string"; readonly value: string; readonly help: string };
} = {
  force: { type: "boolean", short: "f", help: "Do not ask; Decant never asks" },
  filter: { type: "string", multiple: true, value: "until=TIME", help: "The same as --older-than TIME, as docker has it" },
  "older-than": { type: "string", value: "TIME", help: "Also remove cache that was not used for so long, e.g. 36h or 7d" },
};

/** The age that the options ask for, in milliseconds. Throws `USAGE`, `UNSUPPORTED`. */
export function olderThanMs(values: { readonly filter: readonly string[]; readonly "older-than"?: string }): number | undefined {
  const filters = values.filter.map((text) => {
    const [key = "", value = ""] = text.split(/=(.*)/s);
    if (key === "until") return parseDuration(value, "--filter until=");
    throw unsupported(`--filter ${key}`, { hint: "Use --filter until=36h, or --older-than 36h" });
  });
  const age = values["older-than"];
  const ages = age === undefined ? filters : [...filters, parseDuration(age, "--older-than ")];
  return ages.length === 0 ? undefined : Math.max(...ages);
}

/** Why cache may have stayed: nothing asked for it to go, running builds use it, or the policy lets it stay. */
type Reach = "part" | "all" | "policy";

const CACHE: Readonly<Record<Reach, string>> = {
  part: "of build cache",
  all: "of build cache that running builds use",
  policy: "of build cache, as the policy allows",
};

/** What went, what holds the rest, and what to type to free it. */
export function pruneText({ blobs, dirs, records, freedBytes, kept }: PruneResult, reach: Reach): string {
  return `Freed ${formatSize(freedBytes)}: ${blobs} blobs, ${dirs} directories, ${records} records\n${keptText(kept, reach)}`;
}

function keptText({ imageBytes, cacheBytes, usedBytes }: PruneResult["kept"], reach: Reach): string {
  const total = imageBytes + cacheBytes + usedBytes;
  if (total === 0) return "";
  const parts = [
    `${formatSize(imageBytes)} of images`,
    `${formatSize(cacheBytes)} ${CACHE[reach]}`,
    ...(usedBytes === 0 ? [] : [`${formatSize(usedBytes)} in use now`]),
  ];
  const hint =
    cacheBytes > 0 && reach === "part"
      ? "Hint: To free the build cache, too, run: decant prune --all; or only what was not used for a week: decant prune --older-than 7d\n"
      : "";
  return `Kept ${formatSize(total)}: ${parts.join(", ")}\n${hint}`;
}
