/** The kinds of caches that travel. */
import * as v from "valibot";
import { COMPRESSION, flag, list, maybe, oneOf, text } from "./kinds.ts";
import type { Kind } from "./shape.ts";

const { level, force } = COMPRESSION;
const compression = maybe(oneOf("uncompressed", "gzip", "zstd"));
const SETTINGS = { mode: maybe(oneOf("min", "max")), ignoreError: maybe(flag), compression, level, force };

function variants(types: Readonly<Record<string, Readonly<Record<string, Kind>>>>): Kind {
  return list(
    v.variant(
      "type",
      Object.entries(types).map(([type, kinds]) => v.strictObject({ type: v.literal(type), ...kinds }, "an object")),
      Object.keys(types)
        .map((type) => `"${type}"`)
        .join(", "),
    ),
  );
}

/** Of `cacheFrom`. */
export const cacheSources: Kind = variants({ registry: { ref: text }, local: { src: text, selector: maybe(text) } });
/** Of `cacheTo`. */
export const cacheTargets: Kind = variants({
  registry: { ref: text, ...SETTINGS },
  local: { dest: text, tag: maybe(text), ...SETTINGS },
  inline: {},
});
