/** What a build says of its image: SBOM and provenance, made when an output needs them. */
import { localSources } from "../engine/index.ts";
import { type Attestation, type BuiltImage, SPDX_PREDICATE } from "../image/index.ts";
import { displayPath } from "../paths.ts";
import type { SbomResult, SbomSubject } from "../sbom/index.ts";
import { step } from "../step.ts";
import { type LayerSource, loadTree, type Tree } from "../tree/index.ts";
import type { BuildRun } from "./open-build.ts";
import { provenanceAttestation } from "./provenance.ts";
import { keptSbom, type MadeSbom } from "./kept-sbom.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import { sbomTargets, stageName } from "./sbom-targets.ts";

const CONTEXT_SCAN = "sbom-context";
/** The time of what was never made: the document of the same image is always the same. */
const NEVER = "1970-01-01T00:00:00Z";
/** More are only counted. */
const MAX_TOLD = 10;

/** The image with what the options ask to be said of it. */
export function withAttestations(image: BuiltImage, build: SolvedBuild): BuiltImage {
  const { sbom, provenance } = build.opened.options;
  const attestations = [
    ...(sbom === undefined ? [] : sbomAttestations(image, build, sbom.files ?? true)),
    ...(provenance === undefined
      ? []
      : [{ ...provenanceAttestation(image, build, provenance), inlineOnly: provenance.inlineOnly ?? false }]),
  ];
  return attestations.length === 0 ? image : { ...image, attestations };
}

/** Of the image, and of the stages and the context that the Dockerfile asks for. Each is made once, whatever the number of outputs. */
function sbomAttestations(image: BuiltImage, build: SolvedBuild, files: boolean): Attestation[] {
  const { conversion, solution } = build;
  const targets = sbomTargets(conversion.plan);
  const asked = new Set(conversion.plan.stages.filter(targets.stage).map(stageName));
  const stages = conversion.stages.filter(({ name }) => asked.has(name));
  return [
    layersSbom(image, build, { scan: "sbom", layers: image.layers, files }),
    ...(targets.context ? [contextSbom(image, build, files)] : []),
    ...stages.map(({ name, vertex }) => {
      const layers = vertex === undefined ? [] : (solution.layersOf(vertex.id) ?? []);
      return layersSbom(image, build, { scan: `sbom-${name}`, layers, files });
    }),
  ];
}

/** Of what has layers: kept for the next build. */
function layersSbom(
  image: BuiltImage,
  { opened, session }: SolvedBuild,
  { scan, layers, files }: { readonly scan: string; readonly layers: readonly LayerSource[]; readonly files: boolean },
): Attestation {
  const { signal } = opened;
  const subject: SbomSubject = { name: scan, kind: "image", platform: image.platform, created: image.created ?? NEVER };
  return sbomAttestation(opened, scan, () =>
    keptSbom(session.store, { subject, files, layers }, async () => {
      const tree = await loadTree(layers, signal, { vertex: scan });
      return toldOf(await described(tree, subject, { files, signal }));
    }),
  );
}

function contextSbom(image: BuiltImage, build: SolvedBuild, files: boolean): Attestation {
  const { signal } = build.opened;
  const subject: SbomSubject = { name: CONTEXT_SCAN, kind: "directory", platform: image.platform, created: image.created ?? NEVER };
  return sbomAttestation(build.opened, CONTEXT_SCAN, async () => {
    const tree = await contextTree(image, build);
    return toldOf(await described(tree, subject, { files, signal }));
  });
}

/** Most builds have no SBOM: what makes one is loaded on use. */
async function described(
  tree: Tree,
  subject: SbomSubject,
  options: { readonly files: boolean; readonly signal: AbortSignal },
): Promise<SbomResult> {
  const { describeTree } = await import("../sbom/index.ts");
  return await describeTree(tree, subject, { format: "spdx", ...options });
}

function toldOf({ document, inventory }: SbomResult): MadeSbom {
  return { document, unread: inventory.unread.map(({ path, why }) => `${displayPath(path)}: ${why}`) };
}

/** The statement has the digest of the image: the document is the same for every output, and made once. */
function sbomAttestation({ emit, signal }: BuildRun, scan: string, make: () => Promise<MadeSbom>): Attestation {
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

/** The build context without what .dockerignore leaves out. */
async function contextTree({ platform }: BuiltImage, { opened, session }: SolvedBuild): Promise<Tree> {
  const { context, signal } = opened;
  await using sources = localSources(session.store, { context: context.files });
  const found = await sources.resolve({ kind: "source", identifier: "local://context", attrs: {} }, platform, signal, CONTEXT_SCAN);
  return found.kind === "directory" ? found.tree : await loadTree(found.layers, signal);
}
