/** `decant doctor`. */
import { examineMachine, type MachinePoint } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const MARKS: Readonly<Record<MachinePoint["state"], string>> = { good: "ok", limited: "limited", missing: "MISSING" };

/** The command. */
export const command: Command = defineCommand(
  {
    name: "doctor",
    usage: "",
    summary: "Show what this machine lets builds do, and what is missing",
    notes: "Starts a container runtime, as the first RUN of a build would. The exit code is 1 where something is missing that builds need.",
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
      json: { type: "boolean", help: "As --format json" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const points = await examineMachine(storeOptions(values, context));
    const isJson = values.json === true || values.format === "json";
    await context.stdout.write(isJson ? `${JSON.stringify(points, undefined, 2)}\n` : points.map(lineOf).join(""));
    return points.some(({ state }) => state === "missing") ? 1 : 0;
  },
);

function lineOf({ name, state, text, remedy }: MachinePoint): string {
  return `${MARKS[state].padEnd(8)} ${name}: ${text}\n${remedy === undefined ? "" : `${" ".repeat(9)}→ ${remedy}\n`}`;
}
