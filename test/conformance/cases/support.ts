/** Beginnings of Dockerfiles that several topics use. */
import type { Case } from "../types.ts";

/** A stage to run steps in, from the context alone; its users are root (0:0) and app (1000:1001, also in group 2000). */
export const BUSYBOX = "FROM scratch\nCOPY busybox /\nENV PATH=/bin\n";

/** A case that starts in busybox and goes on with these lines. */
export function inBusybox(lines: string): Pick<Case, "busybox" | "dockerfile"> {
  return { busybox: true, dockerfile: `${BUSYBOX}${lines}\n` };
}
