/** The home of who runs this. */
import { homedir } from "node:os";

/** HOME, or that of the account; "/" for a number without either, as containers start programs. */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}
