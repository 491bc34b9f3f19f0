/** `buildBase`: a distroless base as an image, and `showBase`: the facts about one. */

import { type AssembledBase, baseScripts } from "../../distroless/index.ts";
import { type BuiltImage, type ExportResult, type OutputSpec } from "../../image/index.ts";
import { formatPlatform, parsePlatform, type Platform } from "../../oci/index.ts";
import { step } from "../../step.ts";
import { baseProvenance, checkOutputs, writeOutput } from "../../build/index.ts";
import { BUILD_BASE, SHOW_BASE } from "../options/bases.ts";
import { guardedStdout } from "../callbacks.ts";
import { startRun } from "../run-handle.ts";
import { openSession, type Session, platformOf } from "../../context/index.ts";
import { given } from "../../given.ts";
import type { Run } from "../types.ts";
import { assembleOpened, assembleOptions, type AssembleRun, baseImage } from "../../project/index.ts";
import { openBase, type OpenedBase } from "../../project/index.ts";
import { baseDetails } from "./details.ts";
import type { BaseDetails, BuildBaseOptions, BuildBaseResult, LockedBaseOptions, ShowBaseOptions } from "./types.ts";
import { workingDirectory } from "../../working-directory.ts";

/**
 * Assembles a base, by its lock where it has one, and writes it. The same lock gives the same digest. Throws `RECIPE`, `RECIPE_LOCK`,
 * `RECIPE_DRIFT`, `NODE_PACKAGE`, the `DEBIAN_…` codes, and what exporters throw.
 */
export function buildBase(options: BuildBaseOptions): Run<BuildBaseResult> {
  return startRun(BUILD_BASE, options, async (emit, signal) => {
    await using session = await openSession(options);
    const opened = await openFor(options);
    const platforms = platformsOf(options.platforms ?? [], session);
    const specs = outputsOf(options, opened);
    const { cwd = workingDirectory(), tags } = options;
    const stdout = guardedStdout(options.stdout);
    await checkOutputs(
      { tags, stdout, outputs: specs, ...(options.provenance === true ? { provenance: {} } : {}) },
      { platforms, cwd, followed: undefined, signal },
    );
    const images: BuiltImage[] = [];
    const bases: BaseDetails[] = [];
    for (const platform of platforms) {
      const base = await assembleStep(session, opened, options, { platform, emit, signal });
      const attestations = options.provenance === true ? [baseProvenance(options.base, opened, base, platform)] : undefined;
      images.push({ ...baseImage(base, platform), ...(platforms.length > 1 ? { inIndex: true } : {}), ...given({ attestations }) });
      bases.push(baseDetails(opened, base, platform));
    }
    const outputs: ExportResult[] = [];
    for (const [index, output] of specs.entries())
      outputs.push(
        await writeOutput(() => Promise.resolve(images.map((image) => saidTo(image, output))), output, {
          index,
          session,
          stdout,
          cwd,
          emit,
          signal,
        }),
      );
    const image = outputs.find(({ descriptor }) => descriptor !== undefined);
    return {
      outputs,
      bases,
      ...(image?.configDigest === undefined ? {} : { configDigest: image.configDigest }),
      ...(image?.descriptor === undefined ? {} : { manifestDigest: image.descriptor.digest }),
    };
  });
}

/** What is said of an image may depend on the form of its output. */
function saidTo(image: BuiltImage, output: OutputSpec): BuiltImage {
  const { attestations } = image;
  if (attestations === undefined) return image;
  return { ...image, attestations: attestations.map((one) => ({ ...one, predicate: (layers) => one.predicate(layers, output) })) };
}

/** Assembles a base into the cache, and tells what it is made of; with `scripts` also of its packages' scripts. Throws as `buildBase`. */
export function showBase(options: ShowBaseOptions): Run<BaseDetails> {
  return startRun(SHOW_BASE, options, async (emit, signal) => {
    await using session = await openSession(options);
    const opened = await openFor(options);
    const platform = platformOf(session, options.platform);
    const run = { platform, emit, signal };
    const details = baseDetails(opened, await assembleStep(session, opened, options, run), platform);
    if (options.scripts !== true) return details;
    return { ...details, scripts: await baseScripts(session.store, opened.recipe, assembleOptions(session, opened, options, run)) };
  });
}

async function assembleStep(
  session: Session,
  opened: OpenedBase,
  options: LockedBaseOptions,
  run: Omit<AssembleRun, "vertex">,
): Promise<AssembledBase> {
  const platform = formatPlatform(run.platform);
  const vertex = `base ${opened.recipe.name} ${platform}`;
  return await step(run.emit, { vertex, name: `assembling ${nameOf(opened)} for ${platform}` }, run.signal, async (running) => {
    const assembled = await assembleOpened(session, opened, options, { ...run, vertex });
    if (assembled.report.cached) running.cached("its layers were made before");
    return assembled;
  });
}

async function openFor(options: LockedBaseOptions): Promise<OpenedBase> {
  const { base, cwd = workingDirectory(), lockFile, locked } = options;
  return await openBase(base, {
    cwd,
    ...given({ lockFile, locked }),
  });
}

function nameOf({ recipe, variant }: OpenedBase): string {
  return variant === undefined ? recipe.name : `${recipe.name}:${variant}`;
}

function outputsOf(options: BuildBaseOptions, opened: OpenedBase): readonly OutputSpec[] {
  if (options.outputs !== undefined && options.outputs.length > 0) return options.outputs;
  const names = options.tags === undefined || options.tags.length === 0 ? [nameOf(opened)] : options.tags;
  return [{ type: "image", names, push: false }];
}

/** Each platform once, in the order of the options. */
function platformsOf(names: readonly string[], { platform: host }: Session): Platform[] {
  const platforms = new Map<string, Platform>();
  for (const name of names.length === 0 ? ["local"] : names) {
    const platform = name === "local" ? host : parsePlatform(name, host);
    platforms.set(formatPlatform(platform), platform);
  }
  return [...platforms.values()];
}
