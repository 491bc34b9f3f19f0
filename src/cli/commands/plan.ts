/** `decant plan`: what `decant build` would do with the same options. */
import { defineCommand } from "../args.ts";
import { runBuildCommand } from "../build-command.ts";
import { BUILD_OPTION_GROUPS, BUILD_OPTION_TABLE, BUILD_UNSUPPORTED } from "../build-options.ts";
import type { Command } from "../command.ts";
import { FOREIGN_BUILD_OPTIONS } from "../foreign-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "plan",
    usage: "CONTEXT",
    summary: "Say what a build would do: which steps would run and why, what is fetched and sent, how long it takes",
    notes: `It takes the options of "decant build", and runs no step. --json prints the plan as JSON.
Decant looks base images up, and fetches sources of git and http, as keys need them; it fetches no layer.
Times are those of the last run of each step in this store. With --expect-cached the exit code is 1 when a step might run.

Examples:
  decant plan .
  decant plan --target test --json .
  decant plan -t registry.example/app --push .`,
    options: { ...BUILD_OPTION_TABLE, json: { type: "boolean", help: "Print the plan as JSON, as --plan json does" } },
    groups: { ...BUILD_OPTION_GROUPS, "The plan": ["json"] },
    unsupported: BUILD_UNSUPPORTED,
    foreign: FOREIGN_BUILD_OPTIONS,
    words: { min: 0, max: 1 },
  },
  (values, words, context) => runBuildCommand({ ...values, plan: values.json === true ? "json" : (values.plan ?? "text") }, words, context),
);
