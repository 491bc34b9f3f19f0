/** What checks may know of base images: their configuration, from the store or a registry, and what is in those that are here. */
import { AT_ONCE, pool } from "../async.ts";
import type { Session } from "../context/index.ts";
import { type ImageFactsOf, imageKey, type Plan } from "../dockerfile/index.ts";
import { isDecantError } from "../errors.ts";
import { noEvents } from "../events.ts";
import { type TreeFacts, treeFactsOf } from "../facts/index.ts";
import type { ResolvedImage } from "../graph/index.ts";
import type { Platform } from "../oci/index.ts";
import type { BaseImages } from "../project/index.ts";
import { createImageConfigs, type ImageConfigs } from "./image-configs.ts";
import { imagesOf, type OpenedBuild } from "./open-build.ts";

/** What was found. */
interface KnownBases {
  readonly images: ImageConfigs;
  readonly facts: ImageFactsOf;
  /** Does the image have a shell? Undefined: not known. */
  readonly hasShell: (name: string) => boolean | undefined;
  /** What could not be looked up, and why. */
  readonly notes: readonly string[];
}

const TIMEOUT_MS = 10_000;

/** An image that cannot be looked up is a note, not an error: the text can be checked all the same. */
export async function lookUpBases(opened: OpenedBuild, plan: Plan): Promise<KnownBases> {
  const images = createImageConfigs();
  const trees = new Map<string, TreeFacts>();
  const shells = new Map<string, boolean>();
  const notes: string[] = [];
  const lookUp = async (name: string, platform: Platform, signal: AbortSignal): Promise<void> => {
    const bases = await imagesOf({ ...opened, emit: noEvents, signal });
    // Assembling it means downloading packages, which is too much for a check.
    const described = await bases.describe(name, platform);
    if (described !== undefined) {
      images.set(name, platform, described.config);
      shells.set(name, described.hasShell);
      return;
    }
    const base = await bases.resolveImage({ name, platform, explicitPlatform: true, range: NOWHERE, stageNames: [] });
    images.set(name, platform, base.config);
    const tree = await localFacts(await opened.session(), bases, base, signal);
    if (tree !== undefined) trees.set(imageKey(name, platform), tree);
  };
  await pool(AT_ONCE, basesOf(plan), async ({ name, platform }) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      await lookUp(name, platform, AbortSignal.any([opened.signal, timeout]));
    } catch (error) {
      opened.signal.throwIfAborted();
      if ((!isDecantError(error) && !timeout.aborted) || isDecantError(error, "INTERNAL")) throw error;
      const why = timeout.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : error instanceof Error ? error.message : "";
      notes.push(`Decant does not know the variables of ${name}, and does not check them: ${why}`);
    }
  });
  return {
    images,
    facts: (name, platform) => trees.get(imageKey(name, platform)),
    notes: notes.toSorted(),
    hasShell: (name) => shells.get(name),
  };
}

const NOWHERE = { file: { name: "", text: "" }, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };

/** The images that stages are from. */
function basesOf({ stages, options }: Plan): readonly { readonly name: string; readonly platform: Platform }[] {
  const wanted = stages.filter(({ base, isNeeded }) => base.kind === "image" && (isNeeded || options.everyStage === true));
  return [...new Map(wanted.map(({ baseName: name, platform }) => [imageKey(name, platform), { name, platform }])).values()];
}

/** What the image holds, when its layers are here. */
async function localFacts(
  session: Session,
  bases: BaseImages,
  { identifier, files, config, platform }: ResolvedImage,
  signal: AbortSignal,
): Promise<TreeFacts | undefined> {
  if (files !== undefined) return undefined;
  try {
    const result = await bases.resolve({ kind: "source", identifier, attrs: {} }, platform, signal, "");
    return result.kind === "layers" ? await treeFactsOf(session.store, result.layers, config.config ?? {}, signal) : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // A damaged layer is an error when a step uses it.
    if (!isDecantError(error) || isDecantError(error, "INTERNAL")) throw error;
    return undefined;
  }
}
