/** Decant's side: the library, in this process. */
import { rmSync } from "node:fs";
import { build, type BuildOptions, isDecantError } from "../../src/index.ts";
import type { Lab, Outcome, PreparedCase } from "./lab.ts";
import { normaliseImage } from "./normalise.ts";

/** Builds a case, with `more` options. Gives errors of Decant's own as an outcome; anything else is thrown. */
export async function buildWithDecant(lab: Pick<Lab, "store">, prepared: PreparedCase, more: Partial<BuildOptions> = {}): Promise<Outcome> {
  const { definition, context, dockerfile, output } = prepared;
  const { target, buildArgs, labels, platform, epoch } = definition;
  rmSync(output, { recursive: true, force: true });
  try {
    await using run = build({
      context,
      file: dockerfile,
      root: lab.store,
      env: epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) },
      caCerts: "off",
      // BuildKit's builds are on this network altogether.
      allow: ["network.host"],
      outputs: [{ type: "oci", dest: output, tar: false, names: [], compression: "uncompressed" }],
      target,
      buildArgs,
      labels,
      ...(platform === undefined ? {} : { platforms: [platform] }),
      ...more,
    });
    await run.result;
  } catch (error) {
    if (isDecantError(error)) return { error: prepared.hide(error.message), code: error.code };
    throw error;
  }
  return { image: normaliseImage(output, prepared.normalise) };
}
