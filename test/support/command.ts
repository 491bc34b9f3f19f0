/** The command as people start it. `node scripts/bundle.ts` comes first, else it runs from the source. */
import { resolve } from "node:path";

/** The absolute path of bin/decant. */
export const DECANT: string = resolve(import.meta.dirname, "../../bin/decant");
