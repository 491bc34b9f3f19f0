/** The audit of a build: after the last step and before anything is written or pushed. */
import { type AuditLayer, type AuditReport, type BuildStage, imageSubject, type KnownSecret, runAudit } from "../audit/index.ts";
import type { Solution } from "../engine/index.ts";
import { DecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Conversion } from "../graph/index.ts";
import type { BuiltImage } from "../image/index.ts";
import { findLayer, type Layer, type LayerSource, loadLayers } from "../tree/index.ts";
import { step } from "../step.ts";
import { packageFinder } from "./audit-packages.ts";
import type { ProjectFile } from "./project-file.ts";
import type { Session } from "./session.ts";
import type { AuditMode, BuildOptions } from "./types.ts";

const VERTEX = "audit";
/** So many findings are told in the error itself. */
const MAX_TOLD = 5;

/** What is audited, and with what. */
export interface BuildAuditInput {
  readonly name: string;
  readonly image: BuiltImage;
  readonly conversion: Conversion;
  readonly solution: Solution;
  readonly session: Session;
  readonly project: ProjectFile | undefined;
  /** The value of a secret of the build. */
  readonly secret: (id: string, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Audits when `options.audit` asks for it. Throws `AUDIT` for an image that the mode does not let pass; the report was given by then. */
export async function auditBuild(options: BuildOptions, input: BuildAuditInput): Promise<AuditReport | undefined> {
  const mode = options.audit;
  if (mode === undefined) return undefined;
  return await step(input.emit, { vertex: VERTEX, name: "auditing the image" }, input.signal, async () => {
    const { report, layers } = await judge(options, input);
    options.onAudit?.(report);
    if (!passes(report, mode)) throw refused(report, layers);
    return report;
  });
}

async function judge(
  options: BuildOptions,
  input: BuildAuditInput,
): Promise<{ readonly report: AuditReport; readonly layers: readonly AuditLayer[] }> {
  const { image, conversion, session, project, emit, signal } = input;
  const loaded = await loadLayers(image.layers, signal);
  const items = conversion.history.filter((item) => !item.emptyLayer);
  // What is added to the result of the steps, such as a loader's cache, has a line of the history and no instruction.
  const lines = image.history.filter((entry) => entry.empty_layer !== true);
  const layers = loaded.map((layer, index): AuditLayer => ({ layer, createdBy: lines[index]?.created_by ?? "", ...items[index]?.origin }));
  const subject = imageSubject({ name: input.name, platform: image.platform, config: image.config, layers, history: image.history });
  const report = await runAudit(subject, {
    policy: project?.audit ?? {},
    whoHas: packageFinder({ session, debian: project?.debian ?? {}, platform: image.platform, emit, signal }),
    secrets: await valuesOf(options, input),
    stages: await stagesOf(input),
    signal,
  });
  return { report, layers };
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

function refused(report: AuditReport, layers: readonly AuditLayer[]): DecantError {
  const { counts, findings } = report;
  const bad = findings.filter(({ severity }) => severity === "error" || (counts.error === 0 && severity === "warning"));
  const told = bad.slice(0, MAX_TOLD).map(({ id, path, message }) => `\n- ${id}${path === undefined ? "" : ` ${path}`}: ${message}`);
  const more = bad.length > MAX_TOLD ? `\n- and ${bad.length - MAX_TOLD} more` : "";
  const source = layers[bad.find(({ source: place }) => place !== undefined)?.layer ?? -1]?.source;
  return new DecantError(
    "AUDIT",
    `Cannot accept the image: its audit has ${plural(counts.error, "error")} and ${plural(counts.warning, "warning")}${told.join("")}${more}`,
    {
      hint: 'Correct them, or allow them with a reason in the part "audit" of decant.yaml; nothing was written',
      details: { counts, findings: bad.map(({ id }) => id) },
      ...(source === undefined ? {} : { source: [source] }),
    },
  );
}

function plural(count: number, word: string): string {
  return `${count} ${count === 1 ? word : `${word}s`}`;
}

async function valuesOf({ secrets = [] }: BuildOptions, { secret, signal }: BuildAuditInput): Promise<KnownSecret[]> {
  const values: KnownSecret[] = [];
  for (const { id } of secrets) {
    const value = await secret(id, signal);
    if (value !== undefined) values.push({ id, value });
  }
  return values;
}

/** Layers that only a registry has were not needed by the build: they are counted, not fetched. */
async function stagesOf({ conversion, solution, session: { store }, signal }: BuildAuditInput): Promise<BuildStage[]> {
  const stages: BuildStage[] = [];
  for (const { name, vertex } of conversion.stages) {
    const sources = vertex === undefined ? undefined : solution.layersOf(vertex.id);
    if (sources === undefined) continue;
    const layers: Layer[] = [];
    for (const source of sources) {
      const layer = isBuilt(source) ? await source.load(signal) : source.diffId === undefined ? undefined : findLayer(store, source.diffId);
      if (layer !== undefined) layers.push(layer);
    }
    stages.push({ name, layers, absentLayers: sources.length - layers.length });
  }
  return stages;
}

/** Only layers that were built have a time of their own, and they are in the store. */
function isBuilt(source: LayerSource): boolean {
  return "created" in source && source.created !== undefined;
}
