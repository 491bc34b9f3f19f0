/** The options that the commands on bases share. */
import { resolve } from "node:path";
import { given } from "../../given.ts";
import type { DebianOptions, StoreOptions } from "../../index.ts";
import type { CliContext } from "../context.ts";
import { PROGRESS_MODES } from "../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

interface Text {
  readonly type: "string";
  readonly value: string;
  readonly help: string;
}

interface Flag {
  readonly type: "boolean";
  readonly help: string;
}

/** How Debian's archive is reached. Spread it into a command's table. */
export const DEBIAN_OPTION_TABLE: Readonly<Record<"root" | "mirror" | "security-mirror" | "snapshot" | "keyring", Text>> &
  Readonly<Record<"offline" | "accept-expired", Flag>> & { readonly progress: Text & { readonly choices: typeof PROGRESS_MODES } } = {
  ...STORE_OPTION_TABLE,
  mirror: { type: "string", value: "URL", help: "Debian mirror; by default http://deb.debian.org/debian" },
  "security-mirror": { type: "string", value: "URL", help: "Mirror of security updates; by default http://deb.debian.org/debian-security" },
  snapshot: { type: "string", value: "TIME", help: "The archive as it was then, such as 20260601T000000Z, from snapshot.debian.org" },
  keyring: {
    type: "string",
    value: "FILE",
    help: "Keys that releases must be signed with; by default Debian's, of debian-archive-keyring",
  },
  offline: { type: "boolean", help: "Use only what the store has" },
  "accept-expired": { type: "boolean", help: "Accept releases past their Valid-Until" },
  progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
};

/** Where a lock is. */
export const LOCK_OPTION_TABLE: { readonly "lock-file": Text } = {
  "lock-file": {
    type: "string",
    value: "FILE",
    help: "The lock; by default RECIPE.lock.json beside the recipe, or in the working directory for the catalogue's",
  },
};

/** The values of `DEBIAN_OPTION_TABLE`. */
interface DebianValues {
  readonly root?: string;
  readonly mirror?: string;
  readonly "security-mirror"?: string;
  readonly snapshot?: string;
  readonly keyring?: string;
  readonly offline?: boolean;
  readonly "accept-expired"?: boolean;
  readonly "lock-file"?: string;
}

/** Those values as options of the API. */
export function debianOptions(
  values: DebianValues,
  context: CliContext,
): StoreOptions & DebianOptions & { readonly cwd: string; readonly lockFile?: string } {
  return {
    ...storeOptions(values, context),
    cwd: context.cwd,
    mirror: values.mirror,
    securityMirror: values["security-mirror"],
    snapshot: values.snapshot,
    ...(values.keyring === undefined ? {} : { keyring: resolve(context.cwd, values.keyring) }),
    offline: values.offline,
    acceptExpired: values["accept-expired"],
    ...given({ lockFile: values["lock-file"] }),
  };
}
