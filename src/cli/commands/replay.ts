/** `decant replay`. */
import type { Command } from "../command.ts";
import { replayCommand } from "../replay-command.ts";

/** The command. */
export const command: Command = replayCommand("replay");
