/** ARG BUILDKIT_SBOM_SCAN_STAGE and BUILDKIT_SBOM_SCAN_CONTEXT (F45): what else gets an SBOM, besides the image. Pure. */
import type { Plan, PlannedStage } from "../dockerfile/index.ts";

/** What an image's SBOMs are of. */
interface SbomTargets {
  /** The stage gets an SBOM of its own. */
  readonly stage: (stage: PlannedStage) => boolean;
  /** As seen by the stage that is built: the build context gets one. */
  readonly context: boolean;
}

const SCAN_STAGE = "BUILDKIT_SBOM_SCAN_STAGE";
const SCAN_CONTEXT = "BUILDKIT_SBOM_SCAN_CONTEXT";
const TRUE = /^(?:1|t|true)$/i;

/** Reads both arguments: what the stage has declared last, else what was said before the first FROM. */
export function sbomTargets({ globals, target }: Plan): SbomTargets {
  const isAsked = (planned: PlannedStage, key: string): boolean => {
    const declared = planned.steps.flatMap(({ values }) => (values.kind === "arg" ? values.args : []));
    const value = declared.findLast((arg) => arg.key === key)?.value ?? globals.get(key) ?? "";
    const name = stageName(planned);
    return TRUE.test(value) || value.split(",").some((one) => one.trim() === name);
  };
  return { stage: (planned) => isAsked(planned, SCAN_STAGE), context: target !== undefined && isAsked(target, SCAN_CONTEXT) };
}

/** "build", or "stage-0" for a stage without a name. */
export function stageName({ stage }: Pick<PlannedStage, "stage">): string {
  return stage.name ?? `stage-${stage.index}`;
}
