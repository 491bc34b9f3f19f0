/** The checks of an opened Dockerfile for one platform, with what is known of its bases. */
import { type CheckReport, planDockerfile, runChecks } from "../dockerfile/index.ts";
import { readIgnorePatterns } from "../engine/index.ts";
import type { Platform } from "../oci/index.ts";
import { lookUpBases } from "./look-up-bases.ts";
import { type OpenedBuild, planOptionsOf } from "./open-build.ts";

/** What checks say, and what could not be judged. */
interface FileCheck extends CheckReport {
  readonly notes: readonly string[];
}

/** Checks every stage, or with a target what that needs. `lookUp`: look base images up, which may take the network. */
export async function checkFile(opened: OpenedBuild, platform: Platform, { lookUp }: { readonly lookUp: boolean }): Promise<FileCheck> {
  const { written, options, context } = opened;
  const wanted = { ...planOptionsOf(opened, platform), everyStage: options.target === undefined };
  const plan = planDockerfile(written, wanted);
  const bases = lookUp ? await lookUpBases(opened, plan) : undefined;
  const { files } = context;
  const ignore = files.kind === "folder" ? await readIgnorePatterns(files.path, files.dockerfile) : [];
  const report =
    bases === undefined
      ? runChecks(plan, { ignore })
      : runChecks(planDockerfile(written, { ...wanted, image: bases.images.get }), {
          ignore,
          facts: bases.facts,
          hasShell: bases.hasShell,
        });
  return { ...report, notes: bases?.notes ?? [] };
}
