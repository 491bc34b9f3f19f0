/** What builders are, for people: each that was named, whether it answers or not. */
import { AT_ONCE, pool } from "../../async.ts";
import { isDecantError } from "../../errors.ts";
import { findProjectFile } from "../../project/index.ts";
import { parseBuilders } from "./address.ts";
import type { DialOptions } from "./dial.ts";
import { type NodeFacts, openNode } from "./node.ts";

/** A builder, or why it does not answer. */
export type BuilderLook =
  | ({ readonly address: string; readonly state: "running"; readonly builds: number } & NodeFacts)
  | { readonly address: string; readonly state: "unreachable"; readonly why: string };

/** Looks at those that `text` names; without it at those of DECANT_BUILDER, then of the project file in `cwd`. Throws `USAGE`, `CONFIG_FILE`. */
export async function lookAtBuilders(text: string | undefined, options: DialOptions, signal: AbortSignal): Promise<readonly BuilderLook[]> {
  const { env, cwd } = options;
  const named = text ?? (env["DECANT_BUILDER"] || (await findProjectFile({ file: undefined, context: undefined, cwd }))?.builder);
  if (named === undefined || named === "") return [];
  return await pool(
    AT_ONCE,
    parseBuilders(named),
    async (one): Promise<BuilderLook> => {
      try {
        await using node = await openNode(one, options, signal);
        return { address: one.address, state: "running", builds: await node.load(signal), ...node.facts };
      } catch (error) {
        if (!isDecantError(error, "BUILDER")) throw error;
        return { address: one.address, state: "unreachable", why: error.message };
      }
    },
    signal,
  );
}
