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
    const { registry, found, elsewhere } = await logout({ server, env: registryEnv(values, context), signal: context.signal });
    await context.stdout.write(found ? `Removed the credentials of ${registry}\n` : `Not logged in to ${registry}\n`);
    for (const place of elsewhere)
      await context.stderr.write(`WARNING: ${place} still has credentials for ${registry}, and Decant uses them\n`);
    return 0;
  },
);
