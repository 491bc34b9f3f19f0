/** Where a build goes: each output with what it says of itself, its annotations and times of files. */
import { AT_ONCE, pool } from "../async.ts";
import { InternalError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Followed } from "../followed.ts";
import {
  type AnnotationSpec,
  annotationsFor,
  type BuiltImage,
  clampTimes,
  exportImage,
  type ExportResult,
  type OutputSpec,
  withEpoch,
} from "../image/index.ts";
import { step } from "../step.ts";
import type { LayerSource } from "../tree/index.ts";
import { imageContext, type Session } from "../context/index.ts";
import { given } from "../given.ts";
import type { Platform } from "../oci/index.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { BuildOptions } from "./types.ts";

/**
 * Writes every output that is wanted, one after the other: `images` of the platforms of `builds`. Throws as `exportImage`, and `USAGE` for annotations of
 * what is not built.
 */
export async function exportAll(images: readonly BuiltImage[], builds: readonly PreparedBuild[]): Promise<ExportResult[]> {
  const [first] = builds;
  if (first === undefined) throw new InternalError("a build without platforms");
  const { opened, session } = first;
  const { options, emit, signal } = opened;
  const platforms = images.map(({ platform }) => platform);
  const results: ExportResult[] = [];
  for (const [index, output] of outputsOf(options).entries()) {
    const changed = async (image: BuiltImage): Promise<BuiltImage> => {
      const annotated = withAnnotations(
        image,
        ("annotations" in output ? (output.annotations ?? []) : []).concat(options.annotations ?? []),
        platforms,
      );
      return await rewritten(timedFor(annotated, output), output, session, signal);
    };
    const wanted = (): Promise<BuiltImage[]> => pool(AT_ONCE, images, changed, signal);
    results.push(await writeOutput(wanted, output, { index, session, stdout: options.stdout, followed: opened.followed, emit, signal }));
  }
  return results;
}

/** What an output is written with. */
interface OutputRun {
  /** Its place among the outputs. */
  readonly index: number;
  readonly session: Session;
  readonly stdout: BuildOptions["stdout"];
  /** The versions whose defaults hold. Default: the newest. */
  readonly followed?: Followed;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Writes an output as a step of its own. Throws as `exportImage`. */
export async function writeOutput(images: () => Promise<readonly BuiltImage[]>, output: OutputSpec, run: OutputRun): Promise<ExportResult> {
  const { session, stdout, followed, emit, signal } = run;
  const vertex = `export ${run.index}`;
  const context = { ...imageContext(session, emit, vertex, signal), followed, ...given({ stdout }) };
  const write = async (): Promise<ExportResult> => await exportImage(await images(), output, context);
  // Nothing is written then: no step.
  return output.type === "cacheonly" ? await write() : await step(emit, { vertex, name: exportName(output) }, signal, write);
}

function withAnnotations(image: BuiltImage, specs: readonly AnnotationSpec[], built: readonly Platform[]): BuiltImage {
  const annotations = annotationsFor(specs, image.platform, built);
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

function outputsOf(options: BuildOptions): readonly OutputSpec[] {
  if (options.outputs !== undefined && options.outputs.length > 0) return options.outputs;
  const names = options.tags ?? [];
  return names.length > 0 ? [{ type: "image", names, push: false }] : [{ type: "cacheonly" }];
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
