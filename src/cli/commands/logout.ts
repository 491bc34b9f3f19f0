/** `decant logout`. */
import { logout } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { REGISTRY_OPTION_TABLE, registryEnv } from "../registry-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "logout",
    usage: "[SERVER]",
    summary: "Forget the credentials of a registry",
    notes: "Without a server it is Docker Hub.",
    options: REGISTRY_OPTION_TABLE,
    words: { min: 0, max: 1 },
  },
  async (values, [server], context) => {
    const { registry, found } = await logout({ server, env: registryEnv(values, context), signal: context.signal });
    await context.stdout.write(found ? `Removed the credentials of ${registry}\n` : `Not logged in to ${registry}\n`);
    return 0;
  },
);
