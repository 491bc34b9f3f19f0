/** `decant plan`: what `decant build` would do with the same options. */
import type { Command } from "../command.ts";
import { command as build } from "./build.ts";

/** The command. */
export const command: Command = {
  spec: {
    ...build.spec,
    name: "plan",
    summary: "Say what a build would do: which steps would run and why, what is fetched and sent, how long it takes",
    notes: `It takes the options of "decant build", and runs no step. --plan json prints the plan as JSON.
Decant looks base images up, and fetches sources of git and http, as keys need them; it fetches no layer.
Times are those of the last run of each step in this store. With --expect-cached the exit code is 1 when a step might run.

Examples:
  decant plan .
  decant plan --target test --plan json .
  decant plan -t registry.example/app --push .`,
  },
  run: (args, context, tables) => build.run(["--plan=text", ...args], context, tables),
};
