/** What was converted and solved, as one image: times of history, and whether an index is wanted around it. */
import type { Solution } from "../engine/index.ts";
import { given } from "../given.ts";
import { addressedHistory, type Conversion } from "../graph/index.ts";
import type { BuiltImage } from "../image/index.ts";
import type { HistoryEntry, Platform } from "../oci/index.ts";

/** What decides the image besides the graph. */
interface BuiltImageOptions {
  /** When the build began. */
  readonly nowMs: number;
  /** SOURCE_DATE_EPOCH. */
  readonly epochSec: number | undefined;
  readonly inIndex: boolean;
  /** The platform that was asked for. */
  readonly requested: Platform;
}

/** Puts it together. */
export function builtImage(
  conversion: Conversion,
  solution: Solution,
  { nowMs, epochSec: epoch, inIndex, requested }: BuiltImageOptions,
): BuiltImage {
  const fixed = epoch === undefined ? undefined : new Date(epoch * 1000).toISOString().replace(".000Z", "Z");
  // Nothing is made where there are no layers: the image is the same whenever it is built.
  const fallback = fixed ?? (solution.layers.length === 0 ? undefined : new Date(nowMs).toISOString());
  const times = solution.layers.map((layer) => (layer.created === undefined ? undefined : (fixed ?? layer.created)));
  const history = addressedHistory(conversion.history, times, fallback).map((item): HistoryEntry => ({
    ...(item.created === undefined ? {} : { created: item.created }),
    created_by: item.createdBy,
    ...given({ author: item.author, comment: item.comment }),
    ...(item.emptyLayer ? { empty_layer: true } : {}),
  }));
  return {
    platform: conversion.platform,
    requested,
    ...given({ base: conversion.base }),
    config: conversion.config,
    ...given({ author: conversion.author }),
    history,
    layers: solution.layers,
    ...createdOf(fixed ?? history.findLast(({ created }) => created !== undefined)?.created ?? fallback),
    ...(epoch === undefined ? {} : { epochSec: epoch }),
    ...(inIndex ? { inIndex } : {}),
  };
}

function createdOf(created: string | undefined): { readonly created?: string } {
  return given({ created });
}
