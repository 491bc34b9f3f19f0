/** Options about where sources come from: --pull of docker, which is a boolean, and of podman and buildah, which is a word; and source policies. */
import { usageError } from "../errors.ts";
import type { BuildOptions } from "../index.ts";
import type { TextOption } from "./command.ts";

/** For the table of `decant build`. */
export const PULL_OPTION: TextOption = {
  type: "string",
  value: "always|missing|never",
  help: "When Decant asks registries for base images. missing: only for what the store lacks; never: what it lacks is an error. Default: names in the store count, and registries are asked for their tags",
  bare: "always",
};

/** Of commands that fetch what a Dockerfile names. */
export const SOURCE_POLICY_OPTION: TextOption = {
  type: "string",
  value: "FILE",
  help: "Rules that allow, deny or convert sources, as JSON of BuildKit; by default EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
};

/** What --pull means. Throws `USAGE`. */
export function parsePull(value: string | undefined): BuildOptions["pull"] {
  if (value === undefined || /^(?:0|f|false)$/i.test(value)) return undefined;
  if (/^(?:1|t|true)$/i.test(value)) return "always";
  if (value === "always" || value === "missing" || value === "never") return value;
  const hint = value === "newer" || value === "ifnewer" ? "always takes the newest, and fetches only what the store lacks" : undefined;
  throw usageError(`Cannot use --pull=${value}: wanted always, missing or never`, hint);
}
