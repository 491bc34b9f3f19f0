/** `decant logout`. */
import { logout } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "logout",
    usage: "[SERVER]",
    summary: "Forget the credentials of a registry",
    notes: "Without a server it is Docker Hub.",
    options: {},
    words: { min: 0, max: 1 },
  },
  async (_values, [server], context) => {
    const { registry, found, elsewhere } = await logout({ server, env: context.env, signal: context.signal });
    await context.stdout.write(found ? `Removed the credentials of ${registry}\n` : `Not logged in to ${registry}\n`);
    for (const place of elsewhere)
      await context.stderr.write(`WARNING: ${place} still has credentials for ${registry}, and Decant uses them\n`);
    return 0;
  },
);
