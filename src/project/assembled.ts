/** A base that is in the store, and as exporters want it. */
import { assembleBase, type AssembledBase, type AssembleOptions } from "../distroless/index.ts";
import type { Emit } from "../events.ts";
import type { BuiltImage } from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { layerSource } from "../tree/index.ts";
import type { Session } from "../context/index.ts";
import { archiveAccess, type OpenedBase } from "./open-base.ts";
import type { DebianSettings } from "./types.ts";

/** How a base is assembled. */
export interface AssembleRun {
  readonly platform: Platform;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly vertex?: string;
}

/** Assembles an opened base: from its lock when it has one. */
export async function assembleOpened(
  session: Session,
  opened: OpenedBase,
  options: DebianSettings & { readonly jobs?: number | undefined },
  run: AssembleRun,
): Promise<AssembledBase> {
  return await assembleBase(session.store, opened.recipe, assembleOptions(session, opened, options, run));
}

/** The options of the distroless room for an opened base. */
export function assembleOptions(
  session: Session,
  { variant, lock }: OpenedBase,
  options: DebianSettings & { readonly jobs?: number | undefined },
  { platform, ...run }: AssembleRun,
): AssembleOptions {
  return {
    ...archiveAccess(options, session, run),
    platform,
    variant,
    lock,
    jobs: options.jobs,
  };
}

/** For exporters. Its bytes do not depend on the clock. */
export function baseImage(base: AssembledBase, platform: Platform): BuiltImage {
  const { config, annotations, layers } = base;
  return {
    platform,
    config: config.config ?? {},
    history: config.history ?? [],
    layers: layers.map((layer) => layerSource(layer)),
    created: config.created ?? "",
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: { manifest: annotations } }),
  };
}
