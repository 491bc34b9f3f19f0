/** What was converted and solved, as one image: times of history, and whether an index is wanted around it. */
import type { Solution } from "../engine/index.ts";
import { given } from "../given.ts";
import { addressedHistory, type Conversion } from "../graph/index.ts";
import type { BuiltImage } from "../image/index.ts";
import type { HistoryEntry } from "../oci/index.ts";

/** What decides the image besides the graph. */
interface BuiltImageOptions {
  /** When the build began. */
  readonly nowMs: number;
  /** SOURCE_DATE_EPOCH. */
  readonly epochSec: number | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** Puts it together. */
export function builtImage(
  conversion: Conversion,
  solution: Solution,
  { nowMs, epochSec: epoch, buildArgs }: BuiltImageOptions,
): BuiltImage {
  const fixed = epoch === undefined ? undefined : new Date(epoch * 1000).toISOString().replace(".000Z", "Z");
  const fallback = fixed ?? new Date(nowMs).toISOString();
  const times = solution.layers.map((layer) => (layer.created === undefined ? undefined : (fixed ?? layer.created)));
  const history = addressedHistory(conversion.history, times, fallback).map((item): HistoryEntry => ({
    created: item.created,
    created_by: item.createdBy,
    ...given({ author: item.author, comment: item.comment }),
    ...(item.emptyLayer ? { empty_layer: true } : {}),
  }));
  return {
    platform: conversion.platform,
    ...given({ base: conversion.base }),
    config: conversion.config,
    ...given({ author: conversion.author }),
    history,
    layers: solution.layers,
    created: fixed ?? history.at(-1)?.created ?? fallback,
    ...(isInIndex(buildArgs) ? { inIndex: true } : {}),
  };
}

/** Is an index wanted around the image? The values are those of Go's strconv.ParseBool. */
export function isInIndex(buildArgs: Readonly<Record<string, string>>): boolean {
  return /^(?:1|t|T|TRUE|true|True)$/.test(buildArgs["BUILDKIT_MULTI_PLATFORM"] ?? "");
}
