/** Where a build goes: each output with what it says of itself, its annotations and times of files. */
import { usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import {
  type AnnotationSpec,
  annotationsFor,
  type BuiltImage,
  checkOutput,
  clampTimes,
  exportImage,
  type ExportResult,
  type OutputSpec,
  targetNames,
} from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import type { LayerSource } from "../tree/index.ts";
import { imageContext, type Session } from "../context/index.ts";
import { given } from "../given.ts";
import { isInIndex } from "./built-image.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { BuildOptions } from "./types.ts";

/** Writes every output that is wanted, one after the other. Throws as `exportImage`, and `USAGE` for annotations of what is not built. */
export async function exportAll(image: BuiltImage, { opened, session, epochSec }: PreparedBuild): Promise<ExportResult[]> {
  const { options, cwd, emit, signal } = opened;
  const results: ExportResult[] = [];
  for (const [index, output] of outputsOf(options).entries()) {
    const images = async (): Promise<BuiltImage[]> => {
      const annotated = withAnnotations(image, ownAnnotations(output), options.annotations ?? []);
      return [await rewritten(annotated, output, epochSec, session, signal)];
    };
    results.push(await writeOutput(images, output, { index, session, stdout: options.stdout, cwd, emit, signal }));
  }
  return results;
}

/**
 * Checks what is known of the outputs before anything is fetched or built: names, destinations, and whether there is a place for what the build
 * says of its image. Throws as `exportImage`.
 */
export async function checkOutputs(
  options: Omit<BuildOptions, "context">,
  { platform, cwd, signal }: { readonly platform: Platform; readonly cwd: string; readonly signal: AbortSignal },
): Promise<void> {
  targetNames(options.tags ?? []);
  const outputs = outputsOf(options);
  if (outputs.filter((output) => "dest" in output && output.dest === "-").length > 1)
    throw usageError("Cannot write two outputs to standard output: wanted a dest of its own for each");
  const { sbom, provenance, buildArgs = {}, stdout } = options;
  const attestations = [sbom, provenance].filter((wanted) => wanted !== undefined);
  for (const output of outputs) {
    const annotations = annotationsFor([...ownAnnotations(output), ...(options.annotations ?? [])], platform);
    const planned = { annotations, attestations, inIndex: isInIndex(buildArgs) };
    await checkOutput(planned, output, { cwd, signal, ...given({ stdout }) });
  }
}

function ownAnnotations(output: OutputSpec): readonly AnnotationSpec[] {
  return "annotations" in output ? (output.annotations ?? []) : [];
}

/** What an output is written with. */
interface OutputRun {
  /** Its place among the outputs. */
  readonly index: number;
  readonly session: Session;
  readonly stdout: BuildOptions["stdout"];
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Writes an output as a step of its own. Throws as `exportImage`. */
export async function writeOutput(images: () => Promise<readonly BuiltImage[]>, output: OutputSpec, run: OutputRun): Promise<ExportResult> {
  const { session, stdout, cwd, emit, signal } = run;
  const vertex = `export ${run.index}`;
  const context = { ...imageContext(session, emit, vertex, signal), cwd, ...given({ stdout }) };
  const write = async (): Promise<ExportResult> => await exportImage(await images(), output, context);
  // Nothing is written then: no step.
  return output.type === "cacheonly" ? await write() : await step(emit, { vertex, name: exportName(output) }, signal, write);
}

function withAnnotations(image: BuiltImage, ...specs: readonly (readonly AnnotationSpec[])[]): BuiltImage {
  const annotations = annotationsFor(specs.flat(), image.platform);
  return Object.keys(annotations).length === 0 ? image : { ...image, annotations };
}

/** Layers of the base stay as they are: their digests are what people know them by. */
async function rewritten(
  image: BuiltImage,
  output: OutputSpec,
  epochSec: number | undefined,
  { store }: Session,
  signal: AbortSignal,
): Promise<BuiltImage> {
  if (epochSec === undefined || !("rewriteTimestamp" in output) || output.rewriteTimestamp !== true) return image;
  const layers: LayerSource[] = [];
  for (const layer of image.layers) layers.push(layer.created !== undefined ? await clampTimes(store, layer, epochSec, signal) : layer);
  return { ...image, layers };
}

function outputsOf(options: Pick<BuildOptions, "outputs" | "tags">): readonly OutputSpec[] {
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
      return "exporting to docker archive";
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
