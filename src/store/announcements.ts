/** What processes that live in a store let others know of: files in the folder that each has there. */
import { readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import { openedReadOnly, writeFailure } from "./errors.ts";
import { announced, type Presence } from "./presence.ts";
import type { Announcements } from "./types.ts";

/** Opens those of the folder `tmp`. Without `presence`, they can only be read. */
export function openAnnouncements(tmp: string, presence: Presence | undefined): Announcements {
  return {
    make(kind, text) {
      if (presence === undefined) throw openedReadOnly(`announce a ${kind}`, tmp);
      try {
        return presence.announce(kind, text);
      } catch (error) {
        throw writeFailure(error, `announce a ${kind}`, tmp);
      }
    },
    list: (kind) =>
      announced(tmp, kind).flatMap((path) => {
        const text = textIfThere(path);
        return text === undefined ? [] : [{ path, text }];
      }),
  };
}

/** Undefined when it is over. */
function textIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EACCES") return undefined;
    throw error;
  }
}
