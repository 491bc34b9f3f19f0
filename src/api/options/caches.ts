/** The kinds of caches that travel. */
import * as v from "valibot";
import type { GhaPlace, S3Place } from "../../caches/index.ts";
import { amount, COMPRESSION, count, type Fields, flag, list, maybe, oneOf, text } from "./kinds.ts";
import type { Kind } from "./shape.ts";

const { level, force } = COMPRESSION;
const compression = maybe(oneOf("uncompressed", "gzip", "zstd"));
const mounts: Kind = v.union([flag, list(text)], "true, false or a list of ids");
const SETTINGS = {
  mode: maybe(oneOf("min", "max")),
  ignoreError: maybe(flag),
  compression,
  level,
  force,
  mounts: maybe(mounts),
  mountsMaxBytes: maybe(count),
};

const S3: Fields<Omit<S3Place, "type">> = {
  region: maybe(text),
  bucket: maybe(text),
  name: maybe(text),
  prefix: maybe(text),
  blobsPrefix: maybe(text),
  manifestsPrefix: maybe(text),
  endpointUrl: maybe(text),
  usePathStyle: maybe(flag),
  accessKeyId: maybe(text),
  secretAccessKey: maybe(text),
  sessionToken: maybe(text),
  touchRefreshMs: maybe(amount),
  uploadParallelism: maybe(count),
};
const GHA: Fields<Omit<GhaPlace, "type">> = { urlV2: maybe(text), token: maybe(text), scope: maybe(text), timeoutMs: maybe(amount) };

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
export const cacheSources: Kind = variants({
  registry: { ref: text },
  local: { src: text, selector: maybe(text) },
  s3: S3,
  gha: GHA,
});
/** Of `cacheTo`. */
export const cacheTargets: Kind = variants({
  registry: { ref: text, ...SETTINGS },
  local: { dest: text, tag: maybe(text), ...SETTINGS },
  s3: { ...S3, ...SETTINGS },
  gha: { ...GHA, ...SETTINGS },
  inline: {},
});
