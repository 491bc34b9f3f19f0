/** Which stages' files end up in the result, and what of them is known by name. Shared by Decant's own rules. */
import type { CheckedDockerfile, CheckedStage, CheckedStep } from "./types.ts";

/** The target and the stages that it is from, the target first: their layers are the image. */
export function shippedStages({ target }: CheckedDockerfile): CheckedStage[] {
  const found: CheckedStage[] = [];
  for (let stage = target; stage !== undefined; stage = stage.parent) found.push(stage);
  return found;
}

/** The RUN steps of `stages`. */
export function* runSteps(stages: readonly CheckedStage[]): Generator<{
  readonly stage: CheckedStage;
  readonly step: CheckedStep;
  readonly run: Extract<CheckedStep["instruction"], { kind: "run" }>;
}> {
  for (const stage of stages)
    for (const step of stage.steps) if (step.instruction.kind === "run") yield { stage, step, run: step.instruction };
}

/** The name that the first of a chain of stages is from, e.g. "gcr.io/distroless/static:nonroot"; "" when FROM cannot be expanded. */
export function rootImage(stage: CheckedStage): string {
  let root = stage;
  while (root.parent !== undefined) root = root.parent;
  return root.baseName;
}

/** The name without registry of the official images, tag and digest: "golang", "gcr.io/distroless/static". */
export function repositoryOf(image: string): string {
  return image
    .replace(/@.*$/, "")
    .replace(/:[^:/]*$/, "")
    .replace(/^(?:docker\.io\/)?(?:library\/)?/, "");
}

/** Images known to hold no shell. */
export function isShelless(image: string): boolean {
  if (image === "scratch") return true;
  if (/:(?:[^/]*-)?debug(?:-[^/]*)?$|:latest-dev$|-dev$/.test(image)) return false;
  return (
    /^(?:distroless:|gcr\.io\/distroless\/)/.test(image) ||
    /^(?:cgr\.dev\/chainguard|chainguard)\/(?:static|glibc-dynamic)(?:[:@]|$)/.test(image)
  );
}

/** Images known to run as somebody else than root. */
export function isNonroot(image: string): boolean {
  return /nonroot|unprivileged|rootless/.test(image) || /^(?:cgr\.dev\/chainguard|chainguard|bitnami)\//.test(image);
}
