/** Where a build goes: each output with what it says of itself, its annotations and times of files. */
import { AT_ONCE, pool } from "../async.ts";
import { isOn } from "../dockerfile/index.ts";
import { InternalError, usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Followed } from "../followed.ts";
import {
  type AnnotationSpec,
  annotationsFor,
  type Attestation,
  type BuiltImage,
  checkOutput,
  clampTimes,
  exportImage,
  namedPlatform,
  findLoadPlace,
  type ExportResult,
  type OutputSpec,
  targetNames,
  withEpoch,
} from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import type { LayerSource } from "../tree/index.ts";
import { imageContext, type Session } from "../context/index.ts";
import { given } from "../given.ts";
import { autoAnnotations } from "./auto-annotations.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import { shownTarget } from "./targets.ts";
import type { BuildOptions } from "./types.ts";

/**
 * Writes every output that is wanted of one target, one after the other: `images` of the platforms of `builds`. Throws as `exportImage`, and `USAGE` for annotations of
 * what is not built.
 */
export async function exportAll(images: readonly BuiltImage[], builds: readonly SolvedBuild[]): Promise<ExportResult[]> {
  const [first] = builds;
  if (first === undefined) throw new InternalError("a build without platforms");
  const { opened, session, target } = first;
  const { options, cwd, followed, emit, signal } = opened;
  const shown = shownTarget(target);
  const platforms = images.map(namedPlatform);
  const results: ExportResult[] = [];
  for (const [index, output] of outputsOf(options).entries()) {
    const changed = async (image: BuiltImage, _stop: AbortSignal, at: number): Promise<BuiltImage> => {
      const build = options.autoAnnotations === true ? builds[at] : undefined;
      const known = build === undefined ? [] : autoAnnotations(image, build);
      const annotated = withAnnotations(image, [...known, ...ownAnnotations(output), ...(options.annotations ?? [])], platforms);
      const { attestations, ...bare } = annotated;
      const said = attestations?.map((one) => ({ ...one, predicate: (layers) => one.predicate(layers, output) }) satisfies Attestation);
      const whole = takesAttestations(output) ? { ...bare, ...given({ attestations: said }) } : bare;
      return await rewritten(timedFor(whole, output), output, session, signal);
    };
    const wanted = (): Promise<BuiltImage[]> => pool(AT_ONCE, images, changed, signal);
    results.push(await writeOutput(wanted, output, { index, target: shown, session, stdout: options.stdout, cwd, followed, emit, signal }));
  }
  return results;
}

/**
 * Checks what is known of the outputs before anything is fetched or built: names, destinations, and whether there is a place for what the build
 * says of its image. Throws as `exportImage`.
 */
export async function checkOutputs(
  options: Omit<BuildOptions, "context">,
  { platforms, cwd, followed, signal }: PlannedOutputs,
): Promise<void> {
  targetNames(options.tags ?? []);
  const outputs = outputsOf(options);
  if (outputs.filter((output) => "dest" in output && output.dest === "-").length > 1)
    throw usageError("Cannot write two outputs to standard output: wanted a dest of its own for each");
  const { sbom, provenance, buildArgs = {}, stdout } = options;
  const attestations = [...(sbom === undefined ? [] : [{}]), ...(provenance === undefined ? [] : [{ inlineOnly: provenance.inlineOnly }])];
  const inIndex = platforms.length > 1 || isOn(buildArgs["BUILDKIT_MULTI_PLATFORM"]);
  for (const output of outputs) {
    const specs = [...(options.autoAnnotations === true ? [AUTO] : []), ...ownAnnotations(output), ...(options.annotations ?? [])];
    const said = takesAttestations(output) ? attestations : [];
    const images = platforms.map((platform) => ({ annotations: annotationsFor(specs, platform, platforms), attestations: said, inIndex }));
    const mayDelete = options.allow?.includes("buildx.local.delete");
    await checkOutput(images, output, { cwd, followed, env: options.env, mayDelete, signal, ...given({ stdout }) });
  }
}

/** Stands for those that the build will know. */
const AUTO: AnnotationSpec = { key: "org.opencontainers.image.created", value: "" };

/** What is known of a build before it is opened. */
interface PlannedOutputs {
  readonly platforms: readonly Platform[];
  readonly cwd: string;
  readonly followed: Followed | undefined;
  readonly signal: AbortSignal;
}

function takesAttestations(output: OutputSpec): boolean {
  return !("attestations" in output) || output.attestations !== false;
}

function ownAnnotations(output: OutputSpec): readonly AnnotationSpec[] {
  return "annotations" in output ? (output.annotations ?? []) : [];
}

/** What an output is written with. */
interface OutputRun {
  /** Its place among the outputs. */
  readonly index: number;
  /** The stage, in a build of several targets. */
  readonly target?: string | undefined;
  readonly session: Session;
  readonly stdout: BuildOptions["stdout"];
  /** The versions whose defaults hold. Default: the newest. */
  readonly followed?: Followed;
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Writes an output as a step of its own. Throws as `exportImage`. */
export async function writeOutput(images: () => Promise<readonly BuiltImage[]>, output: OutputSpec, run: OutputRun): Promise<ExportResult> {
  const { session, stdout, cwd, followed, emit, signal, target } = run;
  const vertex = target === undefined ? `export ${run.index}` : `export ${target} ${run.index}`;
  const loadPlace =
    output.type === "docker" && output.dest === undefined ? await findLoadPlace(output, { env: session.env, signal }) : undefined;
  const context = { ...imageContext(session, emit, vertex, signal), cwd, followed, env: session.env, loadPlace, ...given({ stdout }) };
  const write = async (): Promise<ExportResult> => await exportImage(await images(), output, context);
  // Nothing is written then: no step.
  if (output.type === "cacheonly") return await write();
  const name = loadPlace?.title ?? exportName(output);
  return await step(emit, { vertex, name: target === undefined ? name : `[${target}] ${name}` }, signal, write);
}

function withAnnotations(image: BuiltImage, specs: readonly AnnotationSpec[], built: readonly Platform[]): BuiltImage {
  const annotations = annotationsFor(specs, namedPlatform(image), built);
  return Object.keys(annotations).length === 0 ? image : { ...image, annotations };
}

/** An epoch of the output alone: what is younger in the image becomes as old, but for what the base says. */
function timedFor(image: BuiltImage, output: OutputSpec): BuiltImage {
  const wanted = "sourceDateEpoch" in output ? output.sourceDateEpoch : undefined;
  if (typeof wanted === "number") return withEpoch(image, wanted);
  if (wanted === undefined) return image;
  const { epochSec: _ofBuild, ...rest } = image;
  return rest;
}

/** Layers of the base stay as they are: their digests are what people know them by. */
async function rewritten(image: BuiltImage, output: OutputSpec, { store }: Session, signal: AbortSignal): Promise<BuiltImage> {
  const { epochSec } = image;
  if (epochSec === undefined || !("rewriteTimestamp" in output) || output.rewriteTimestamp !== true) return image;
  const layers: LayerSource[] = [];
  for (const layer of image.layers) {
    const { created } = layer;
    layers.push(created === undefined ? layer : { ...(await clampTimes(store, layer, epochSec, signal)), created });
  }
  return { ...image, layers, areTimesRewritten: true };
}

/** The outputs of the options, or what a build does without one. */
export function outputsOf(options: Pick<BuildOptions, "outputs" | "tags">): readonly OutputSpec[] {
  if (options.outputs !== undefined && options.outputs.length > 0) return options.outputs;
  return [{ type: "image", names: options.tags ?? [], push: false }];
}

function exportName(output: OutputSpec): string {
  switch (output.type) {
    case "image":
      return output.push ? "exporting to image and pushing" : "exporting to image";
    case "registry":
      return "pushing to registry";
    case "oci":
      return output.tar ? "exporting to OCI archive" : "exporting to OCI layout";
    case "docker":
      return output.tar === false ? "exporting to docker layout" : "exporting to docker archive";
    case "local":
      return "copying files to a directory";
    case "tar":
      return "writing files to a tar";
    case "cacheonly":
      return "keeping the cache";
    default:
      return output satisfies never;
  }
}
