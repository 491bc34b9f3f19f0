/** `decant store verify` and `decant store repair`. */
import { formatSize } from "../../../bytes.ts";
import { verifyStore, type StoreReport } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { PROGRESS_MODES, showRun } from "../../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command that only looks. */
export const command: Command = storeCheck("verify", {
  summary: "Read all that the store has, and say what is damaged",
  notes:
    'Compares the database, every blob with its digest, and every directory of a layer with its index. Exit code 1: something is damaged. "decant store repair" takes that away.',
});

/** The command that takes away what is damaged. */
export const repairCommand: Command = storeCheck("repair", {
  summary: "Take away what is damaged in the store",
  notes: "What needs it makes or fetches it again. Exit code 1: something is left that cannot be repaired.",
});

function storeCheck(verb: "verify" | "repair", { summary, notes }: { readonly summary: string; readonly notes: string }): Command {
  return defineCommand(
    {
      name: `store ${verb}`,
      usage: "",
      summary,
      notes,
      options: {
        ...STORE_OPTION_TABLE,
        format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
        progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      },
      words: { min: 0, max: 0 },
    },
    async (values, _words, context) => {
      const run = verifyStore({ ...storeOptions(values, context), repair: verb === "repair" });
      const report = await showRun(run, values.progress ?? "auto", context);
      await context.stdout.write(values.format === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report));
      return report.problems.every(({ repaired }) => repaired) ? 0 : 1;
    },
  );
}

function textOf({ blobs, bytes, directories, problems }: StoreReport): string {
  const lines = problems.map(({ kind, id, what, repaired }) => `${repaired ? "repaired" : "damaged"} ${kind} ${id}: ${what}\n`);
  const left = problems.filter(({ repaired }) => !repaired).length;
  const end = problems.length === 0 ? "all as it should be" : `${problems.length} damaged, ${problems.length - left} repaired`;
  const next = left === 0 ? "" : 'Run "decant store repair": what needs these is made or fetched again\n';
  return `${lines.join("")}${blobs} blobs (${formatSize(bytes)}) and ${directories} directories of layers: ${end}\n${next}`;
}
