/** `decant cache gc`: brings the build cache within a policy. */
import { parseSize } from "../../../dockerfile/index.ts";
import { isDecantError, usageError } from "../../../errors.ts";
import { given } from "../../../given.ts";
import { collectCache } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { parseDuration } from "../../duration.ts";
import { PROGRESS_MODES, showRun } from "../../progress/show.ts";
import { pruneText } from "../../prune.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

const KINDS = ["layers", "mounts", "sources"] as const;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "cache gc",
    usage: "",
    summary: "Remove what the build cache may not hold by its policy: what was used least recently goes first",
    notes: `Images do not count and stay, and so does what running builds use.
Without options the policy is that of config.yaml in the folder of the store. Builds then follow it by themselves, after each step.

Examples:
  decant cache gc --max-used-space 20GB
  decant cache gc --keep-duration layers=30d --keep-duration sources=7d`,
    options: {
      ...STORE_OPTION_TABLE,
      "max-used-space": { type: "string", value: "SIZE", help: "The cache may hold so much, e.g. 20GB" },
      "min-free-space": { type: "string", value: "SIZE", help: "The disk is to have so much free" },
      "reserved-space": { type: "string", value: "SIZE", help: "So much cache stays, whatever the other options say" },
      "keep-duration": {
        type: "string",
        multiple: true,
        value: "[KIND=]TIME",
        help: "What was not used for so long goes; KIND is layers, mounts or sources",
      },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const keepMs = Object.assign({}, ...values["keep-duration"].map(parseKeep)) as Partial<Record<(typeof KINDS)[number], number>>;
    const policy = given({
      maxUsedBytes: sizeOf(values["max-used-space"], "--max-used-space"),
      minFreeBytes: sizeOf(values["min-free-space"], "--min-free-space"),
      reservedBytes: sizeOf(values["reserved-space"], "--reserved-space"),
      keepMs: values["keep-duration"].length === 0 ? undefined : keepMs,
    });
    const result = await showRun(collectCache({ ...storeOptions(values, context), policy }), values.progress ?? "auto", context);
    await context.stdout.write(pruneText(result, "policy"));
    return 0;
  },
);

function sizeOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseSize(text);
  } catch (error) {
    if (!isDecantError(error)) throw error;
    throw usageError(`Cannot use ${option} "${text}": wanted a size, for example 500MB or 20GB`);
  }
}

/** "layers=30d", or "30d" for all kinds. */
function parseKeep(text: string): Partial<Record<(typeof KINDS)[number], number>> {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0));
  const kinds = equals < 0 ? KINDS : KINDS.filter((kind) => kind === name);
  if (kinds.length === 0) throw usageError(`Cannot use --keep-duration "${text}": unexpected kind "${name}"; wanted ${KINDS.join(", ")}`);
  const keepMs = parseDuration(text.slice(equals + 1), "--keep-duration ");
  return Object.fromEntries(kinds.map((kind) => [kind, keepMs]));
}
