/** A base that is in the store, in the forms that callers want: for exporters, and as facts to show. */
import { assembleBase, type AssembledBase, type AssembleOptions } from "../../distroless/index.ts";
import type { Emit } from "../../events.ts";
import type { BuiltImage } from "../../image/index.ts";
import { formatPlatform, type Platform } from "../../oci/index.ts";
import { type Layer, layerSource } from "../../tree/index.ts";
import type { Session } from "../session.ts";
import { archiveAccess, type OpenedBase } from "./open-base.ts";
import type { BaseDetails, BaseLayer, DebianSettings } from "./types.ts";

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
  options: DebianSettings & { readonly jobs?: number },
  run: AssembleRun,
): Promise<AssembledBase> {
  return await assembleBase(session.store, opened.recipe, assembleOptions(session, opened, options, run));
}

/** The options of the distroless room for an opened base. */
export function assembleOptions(
  session: Session,
  { variant, lock }: OpenedBase,
  options: DebianSettings & { readonly jobs?: number },
  { platform, ...run }: AssembleRun,
): AssembleOptions {
  return {
    ...archiveAccess(options, session, run),
    platform,
    ...(variant === undefined ? {} : { variant }),
    ...(lock === undefined ? {} : { lock }),
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
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

/** The facts about an assembled base. */
export function baseDetails(opened: OpenedBase, base: AssembledBase, platform: Platform): BaseDetails {
  const { report, config, annotations } = base;
  const [node] = report.node;
  return {
    recipe: report.recipe,
    ...(report.variant === undefined ? {} : { variant: report.variant }),
    ...(opened.recipe.description === undefined ? {} : { description: opened.recipe.description }),
    suite: opened.recipe.suite,
    platform: formatPlatform(platform),
    ...(opened.lock === undefined ? {} : { lockFile: opened.lock.file }),
    cached: report.cached,
    packages: report.packages,
    ...(node === undefined
      ? {}
      : { node: { name: node.name, version: node.version, integrity: node.integrity, signature: node.signature } }),
    releases: report.releases,
    layers: base.layers.map((layer, at) => layerFacts(layer, report.layers[at])),
    config: config.config ?? {},
    annotations,
    support: opened.recipe.support ?? [],
  };
}

function layerFacts({ index, id }: Layer, made: AssembledBase["report"]["layers"][number] | undefined): BaseLayer {
  let unpackedBytes = 0;
  let files = 0;
  for (let at = 0; at < index.count; at += 1) {
    if (index.kind(at) !== "file") continue;
    files += 1;
    unpackedBytes += index.at(at).size;
  }
  return { diffId: made?.diffId ?? id, createdBy: made?.createdBy ?? "", unpackedBytes, files };
}
