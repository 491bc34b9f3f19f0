/** Images made of others without a build: another configuration, or another base below the same layers. */
import { usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { HistoryEntry } from "../oci/index.ts";
import { changedConfig, type ConfigChanges } from "./mutate-config.ts";
import type { OpenedImage } from "./open-image.ts";
import { rebasedConfig } from "./rebase-config.ts";
import type { BuiltImage } from "./types.ts";

/** The same layers with another configuration. `created`: RFC 3339. Throws `USAGE`. */
export function mutatedImage(opened: OpenedImage, changes: ConfigChanges, created: string): BuiltImage {
  const { config } = opened;
  const step = { created, created_by: "decant mutate", empty_layer: true };
  return {
    platform: platformOf(opened),
    base: config,
    config: changedConfig(config.config ?? {}, changes),
    history: [...historyOf(opened), step],
    layers: opened.layers,
    created,
  };
}

/** The layers that `app` has on top of `before`, on top of `after`. Throws `USAGE` when `app` is not from `before`. */
export function rebasedImage(app: OpenedImage, before: OpenedImage, after: OpenedImage, created: string): BuiltImage {
  const [own, old] = [app.config.rootfs.diff_ids, before.config.rootfs.diff_ids];
  if (old.length > own.length || old.some((diffId, at) => diffId !== own[at]))
    throw usageError(
      "Cannot rebase the image: its first layers are not those of the old base",
      "Name the very base that it was built on, with its digest: --old-base NAME@sha256:…",
    );
  const kept = historyOf(app);
  const first = indexOfLayer(kept, old.length);
  return {
    platform: platformOf(after),
    base: app.config,
    config: rebasedConfig(app.config.config ?? {}, before.config.config ?? {}, after.config.config ?? {}),
    history: [...historyOf(after), ...kept.slice(first)],
    layers: [...after.layers, ...app.layers.slice(old.length)],
    created,
  };
}

/** Where the history begins that follows the first `layers` layers, without steps of the old base that make none. */
function indexOfLayer(history: readonly HistoryEntry[], layers: number): number {
  let seen = 0;
  for (const [at, entry] of history.entries()) {
    if (entry.empty_layer === true) continue;
    if (seen === layers) return at;
    seen += 1;
  }
  return history.length;
}

function platformOf({ config: { os, architecture, variant } }: OpenedImage): BuiltImage["platform"] {
  return { os, architecture, ...given({ variant }) };
}

/** The history, or a line for each layer where it tells of more or fewer. */
function historyOf({ config, layers }: OpenedImage): readonly HistoryEntry[] {
  const history = config.history ?? [];
  const fits = history.filter((entry) => entry.empty_layer !== true).length === layers.length;
  return fits ? history : layers.map(() => ({ ...given({ created: config.created }), comment: "no history" }));
}
