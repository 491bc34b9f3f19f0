/** The same image, or no image, whether steps run here or on a builder: digest for digest where the bytes of the builder's tars allow it, else tree for tree. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildersOf } from "../../src/buildkit/index.ts";
import { differencesOf } from "./compare.ts";
import { DIFFERENCES } from "./differences.ts";
import { buildWithDecant } from "./decant.ts";
import type { Lab, Outcome } from "./lab.ts";
import type { Case } from "./types.ts";

/** So that clocks do not count. */
const EPOCH = "1700000000";

/** What one case came to. */
interface Compared {
  readonly problems: readonly string[];
  /** The builder is too old for it, which is said before the build. */
  readonly isRefused: boolean;
  /** Both are images with the same digest. */
  readonly isSame: boolean;
}

/** Builds a case by both ways. `network` is that of steps: the peers' dockerd has the host's only. */
export async function compareBuilder(
  lab: Lab,
  definition: Case,
  { address, recorded }: { readonly address: string; readonly recorded: Outcome | undefined },
): Promise<Compared> {
  const prepared = lab.prepare(definition);
  const env = { PATH: process.env["PATH"], DOCKER_HOST: process.env["DOCKER_HOST"], SOURCE_DATE_EPOCH: String(definition.epoch ?? EPOCH) };
  const common = {
    env,
    network: "host",
    allow: ["network.host"],
    noCache: true,
    outputs: [{ type: "oci", dest: prepared.output, tar: false, names: [], compression: "uncompressed", rewriteTimestamp: true }],
  } as const;
  const builders = buildersOf(address);
  const digest = (outcome: Outcome): string => ("error" in outcome ? "" : digestIn(prepared.output));
  const caught = (error: unknown): Outcome => ({ error: String(error), code: "thrown" });
  const own = await buildWithDecant(lab, prepared, common).catch(caught);
  const ownDigest = digest(own);
  const there = await buildWithDecant(lab, prepared, { ...common, builders, root: `${lab.store}-builder` }).catch(caught);
  // Where Decant means to differ from BuildKit, a builder that is BuildKit does what BuildKit does.
  const isWanted = DIFFERENCES.some(({ cases }) => cases.includes(definition.name));
  const failsAsBuildkit = recorded !== undefined && "error" in recorded === "error" in there && "error" in own !== "error" in there;
  const isAlike = isWanted || failsAsBuildkit || ("error" in own && "error" in there);
  const isRefused = "error" in there && / cannot do /.test(there.error);
  const problems =
    isAlike || isRefused
      ? []
      : differencesOf(own, there).map((line) => line.replaceAll("BuildKit", "here").replaceAll("Decant", "builder"));
  return { problems, isRefused, isSame: !isAlike && ownDigest !== "" && ownDigest === digest(there) };
}

function digestIn(layout: string): string {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  return manifests[0]?.digest ?? "";
}
