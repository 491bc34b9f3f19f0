/** What a build says of its image: SBOM and provenance, made when an output needs them. */
import type { ParsedDockerfile } from "../dockerfile/index.ts";
import { type LayerContext, type LocalContext, localSources, type Material, type Solution } from "../engine/index.ts";
import type { Emit } from "../events.ts";
import type { Conversion } from "../graph/index.ts";
import { type Attestation, type BuiltImage, SPDX_PREDICATE } from "../image/index.ts";
import { displayPath } from "../paths.ts";
import type { SbomSubject } from "../sbom/index.ts";
import { step } from "../step.ts";
import { type LayerSource, loadTree, type Tree } from "../tree/index.ts";
import { provenanceAttestation } from "./build-provenance.ts";
import { keptSbom, type MadeSbom } from "./kept-sbom.ts";
import { describeTree, type SbomResult } from "./sbom.ts";
import { sbomTargets, stageName } from "./sbom-targets.ts";
import type { Session } from "./session.ts";
import type { BuildOptions } from "./types.ts";

/** A finished build. */
export interface AttestationInput {
  readonly options: BuildOptions;
  /** Build arguments with what was resolved. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly parsed: ParsedDockerfile;
  readonly dockerfile: { readonly path: string; readonly bytes: Uint8Array };
  readonly context: { readonly files: LocalContext | LayerContext; readonly material?: Material };
  readonly conversion: Conversion;
  readonly solution: Solution;
  readonly image: BuiltImage;
  readonly session: Pick<Session, "store" | "platform">;
  readonly buildId: string;
  readonly startedAt: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const CONTEXT_SCAN = "sbom-context";
/** More are only counted. */
const MAX_TOLD = 10;

/** The image with what the options ask to be said of it. */
export function withAttestations(input: AttestationInput): BuiltImage {
  const { options, image } = input;
  const attestations = [
    ...(options.sbom === undefined ? [] : sbomAttestations(input, options.sbom.files ?? true)),
    ...(options.provenance === undefined ? [] : [provenanceAttestation(input, options.provenance)]),
  ];
  return attestations.length === 0 ? image : { ...image, attestations };
}

/** Of the image, and of the stages and the context that the Dockerfile asks for. Each is made once, whatever the number of outputs. */
function sbomAttestations(input: AttestationInput, files: boolean): Attestation[] {
  const { image, conversion, solution } = input;
  const targets = sbomTargets(conversion.plan);
  const asked = new Set(conversion.plan.stages.filter(targets.stage).map(stageName));
  const stages = conversion.stages.filter(({ name }) => asked.has(name));
  return [
    layersSbom(input, "sbom", image.layers, files),
    ...(targets.context ? [contextSbom(input, files)] : []),
    ...stages.map(({ name, vertex }) => {
      const layers = vertex === undefined ? [] : (solution.layersOf(vertex.id) ?? []);
      return layersSbom(input, `sbom-${name}`, layers, files);
    }),
  ];
}

/** Of what has layers: kept for the next build. */
function layersSbom(input: AttestationInput, scan: string, layers: readonly LayerSource[], files: boolean): Attestation {
  const { image, session, signal } = input;
  const subject: SbomSubject = { name: scan, kind: "image", platform: image.platform, created: image.created };
  return sbomAttestation(input, scan, () =>
    keptSbom(session.store, { subject, files, layers }, async () => {
      const tree = await treeOf(layers, signal);
      return toldOf(await describeTree(tree, subject, { format: "spdx", files, signal }));
    }),
  );
}

function contextSbom(input: AttestationInput, files: boolean): Attestation {
  const { image, signal } = input;
  const subject: SbomSubject = { name: CONTEXT_SCAN, kind: "directory", platform: image.platform, created: image.created };
  return sbomAttestation(input, CONTEXT_SCAN, async () => {
    const tree = await contextTree(input);
    return toldOf(await describeTree(tree, subject, { format: "spdx", files, signal }));
  });
}

function toldOf({ document, inventory }: SbomResult): MadeSbom {
  return { document, unread: inventory.unread.map(({ path, why }) => `${displayPath(path)}: ${why}`) };
}

/** The statement has the digest of the image: the document is the same for every output, and made once. */
function sbomAttestation({ emit, signal }: AttestationInput, scan: string, make: () => Promise<MadeSbom>): Attestation {
  const told = async (): Promise<unknown> => {
    const { document, unread } = await make();
    for (const what of unread.slice(0, MAX_TOLD)) emit({ type: "warning", code: "SbomIncomplete", message: `Not in the SBOM: ${what}` });
    const more = unread.length - MAX_TOLD;
    if (more > 0)
      emit({ type: "warning", code: "SbomIncomplete", message: `Not in the SBOM: ${more} more records that could not be read` });
    return document;
  };
  const plan = { vertex: scan, name: `generating ${scan}.spdx.json` };
  let made: Promise<unknown> | undefined;
  return { predicateType: SPDX_PREDICATE, fileName: `${scan}.spdx.json`, predicate: () => (made ??= step(emit, plan, signal, told)) };
}

async function treeOf(layers: readonly LayerSource[], signal: AbortSignal): Promise<Tree> {
  return await loadTree(layers, signal);
}

/** The build context without what .dockerignore leaves out. */
async function contextTree({ session, context, image, signal }: AttestationInput): Promise<Tree> {
  await using sources = localSources(session.store, { context: context.files });
  const found = await sources.resolve({ kind: "source", identifier: "local://context", attrs: {} }, image.platform, signal, CONTEXT_SCAN);
  return found.kind === "directory" ? found.tree : await treeOf(found.layers, signal);
}
