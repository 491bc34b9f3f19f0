/** The audit of a build: after the last step and before anything is written or pushed. */
import { type AuditLayer, type AuditReport, type AuditSubject, type BuildStage, imageSubject, runAudit } from "../audit/index.ts";
import { DecantError } from "../errors.ts";
import type { KnownSecret } from "../secrets/index.ts";
import type { BuiltImage } from "../image/index.ts";
import { findLayer, type Layer, loadLayers } from "../tree/index.ts";
import { step } from "../step.ts";
import { packageFinder } from "../project/index.ts";
import { type OpenedBuild, titleOf } from "./open-build.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import { shownTarget } from "./targets.ts";
import type { AuditMode, BuildOptions } from "./types.ts";

const VERTEX = "audit";
/** How many findings the error itself names. */
const MAX_TOLD = 5;

/** An image with what its audit found. */
export interface JudgedImage {
  readonly report: AuditReport;
  readonly subject: AuditSubject;
}

/** What an audit is for. */
interface AuditPurpose {
  /** Absent: nothing is refused, and nobody is told. */
  readonly mode?: AuditMode | undefined;
  /** Gets what was found before it is judged by the mode. */
  readonly onJudged?: ((judged: JudgedImage) => Promise<void>) | undefined;
}

/** Audits an image. Throws `AUDIT` for one that the mode does not let pass; the report was given by then. */
export async function auditBuild(build: SolvedBuild, image: BuiltImage, { mode, onJudged }: AuditPurpose): Promise<AuditReport> {
  const { options, emit, signal } = build.opened;
  const target = shownTarget(build.target);
  const plan =
    target === undefined
      ? { vertex: VERTEX, name: "auditing the image" }
      : { vertex: `${VERTEX} ${target}`, name: `[${target}] auditing the image` };
  return await step(emit, plan, signal, async () => {
    const judged = await judge(build, image, plan.vertex);
    await onJudged?.(judged);
    const { report, subject } = judged;
    if (mode === undefined) return report;
    options.onAudit?.(report, { target });
    if (!passes(report, mode)) throw refused(report, subject.layers, target);
    return report;
  });
}

async function judge(build: SolvedBuild, image: BuiltImage, vertex: string): Promise<JudgedImage> {
  const { opened, conversion, session } = build;
  const { emit, signal } = opened;
  const project = await opened.project();
  const loaded = await loadLayers(image.layers, signal, { vertex });
  const items = conversion.history.filter((item) => !item.emptyLayer);
  // What is added to the result of the steps, such as a loader's cache, has a line of the history and no instruction.
  const lines = image.history.filter((entry) => entry.empty_layer !== true);
  const layers = loaded.map((layer, index): AuditLayer => ({ layer, createdBy: lines[index]?.created_by ?? "", ...items[index]?.origin }));
  const subject = imageSubject({ name: titleOf(opened), platform: image.platform, config: image.config, layers, history: image.history });
  const report = await runAudit(subject, {
    policy: project?.audit ?? {},
    whoHas: packageFinder({ session, debian: project?.debian ?? {}, platform: image.platform, emit, signal }),
    secrets: await valuesOf(opened),
    stages: await stagesOf(build),
    signal,
  });
  return { report, subject };
}

/** Does the mode let this report pass? */
function passes({ counts }: AuditReport, mode: AuditMode): boolean {
  switch (mode) {
    case "warn":
      return true;
    case "error":
      return counts.error === 0;
    case "strict":
      return counts.error === 0 && counts.warning === 0;
    default:
      return mode satisfies never;
  }
}

function refused(report: AuditReport, layers: readonly AuditLayer[], target: string | undefined): DecantError {
  const { counts, findings } = report;
  const bad = findings.filter(({ severity }) => severity === "error" || (counts.error === 0 && severity === "warning"));
  const told = bad.slice(0, MAX_TOLD).map(({ id, path, message }) => `\n- ${id}${path === undefined ? "" : ` ${path}`}: ${message}`);
  const more = bad.length > MAX_TOLD ? `\n- and ${bad.length - MAX_TOLD} more` : "";
  const source = layers[bad.find(({ source: place }) => place !== undefined)?.layer ?? -1]?.source;
  return new DecantError(
    "AUDIT",
    `Cannot accept the image${target === undefined ? "" : ` of target "${target}"`}: its audit has ${plural(counts.error, "error")} and ${plural(counts.warning, "warning")}${told.join("")}${more}`,
    {
      hint: 'Correct them, or allow them with a reason in the part "audit" of decant.yaml; nothing was written',
      details: { counts, findings: bad.map(({ id }) => id) },
      source: source && [source],
    },
  );
}

function plural(count: number, word: string): string {
  return `${count} ${count === 1 ? word : `${word}s`}`;
}

async function valuesOf({ options, access, signal }: OpenedBuild<BuildOptions>): Promise<KnownSecret[]> {
  const values: KnownSecret[] = [];
  for (const { id } of options.secrets ?? []) {
    const value = await access.secret(id, signal);
    if (value !== undefined) values.push({ id, value });
  }
  return values;
}

/** Layers that only a registry has were not needed by the build: they are counted, not fetched. */
async function stagesOf({ conversion, solution, session: { store }, opened: { signal } }: SolvedBuild): Promise<BuildStage[]> {
  const stages: BuildStage[] = [];
  for (const { name, vertex } of conversion.stages) {
    const sources = vertex === undefined ? undefined : solution.layersOf(vertex.id);
    if (sources === undefined) continue;
    const layers: Layer[] = [];
    for (const source of sources) {
      const { created, diffId } = source;
      const layer = created !== undefined ? await source.load(signal) : diffId === undefined ? undefined : findLayer(store, diffId);
      if (layer !== undefined) layers.push(layer);
    }
    stages.push({ name, layers, absentLayers: sources.length - layers.length });
  }
  return stages;
}
