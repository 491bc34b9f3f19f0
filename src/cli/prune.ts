/** What the commands have in common that free space. */
import { formatSize } from "../bytes.ts";
import { unsupported, usageError } from "../errors.ts";
import type { PruneResult } from "../index.ts";

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

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
    if (key === "until") return parseAge(value, "--filter until=");
    throw unsupported(`--filter ${key}`, { hint: "Use --filter until=36h, or --older-than 36h" });
  });
  const age = values["older-than"];
  const ages = age === undefined ? filters : [...filters, parseAge(age, "--older-than ")];
  return ages.length === 0 ? undefined : Math.max(...ages);
}

/** "90s", "45m", "36h", "7d", "1h30m" → milliseconds. Throws `USAGE`. */
function parseAge(text: string, option: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text)
    throw usageError(`Cannot use ${option}"${text}": wanted a number and a unit s, m, h or d, e.g. 36h`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as keyof typeof UNIT_MS] ?? 0), 0);
}

/** What went, what holds the rest, and what to type to free it. */
export function pruneText({ blobs, dirs, records, freedBytes, kept }: PruneResult, { all }: { readonly all: boolean }): string {
  return `Freed ${formatSize(freedBytes)}: ${blobs} blobs, ${dirs} directories, ${records} records\n${keptText(kept, all)}`;
}

function keptText({ imageBytes, cacheBytes, usedBytes }: PruneResult["kept"], all: boolean): string {
  const total = imageBytes + cacheBytes + usedBytes;
  if (total === 0) return "";
  const cache = all ? "of build cache that running builds use" : "of build cache";
  const parts = [
    `${formatSize(imageBytes)} of images`,
    `${formatSize(cacheBytes)} ${cache}`,
    ...(usedBytes === 0 ? [] : [`${formatSize(usedBytes)} in use now`]),
  ];
  const hint =
    cacheBytes > 0 && !all
      ? "Hint: To free the build cache, too, run: decant prune --all; or only what was not used for a week: decant prune --older-than 7d\n"
      : "";
  return `Kept ${formatSize(total)}: ${parts.join(", ")}\n${hint}`;
}
