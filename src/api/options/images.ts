/** The options of the functions on images. */
import type {
  CollectCacheOptions,
  ImportImageOptions,
  InspectImageOptions,
  ListImagesOptions,
  PruneStoreOptions,
  PullImageOptions,
  PushImageOptions,
  RemoveImagesOptions,
} from "../types.ts";
import type { StoreOptions } from "../../context/index.ts";
import type { GcPolicy } from "../../store/index.ts";
import { amount, COMPRESSION, fields, flag, list, maybe, STORE, stream, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Of `listImages`. */
export const LIST: Shape = shapeOf<ListImagesOptions>("listImages", {
  ...STORE,
  references: maybe(list(text)),
  dangling: maybe(flag),
  labels: maybe(list(text)),
  before: maybe(text),
  since: maybe(text),
});
/** Of `inspectImage`. */
export const INSPECT: Shape = shapeOf<InspectImageOptions>("inspectImage", {
  ...STORE,
  image: text,
  platform: maybe(text),
  cwd: maybe(text),
  sizes: maybe(flag),
});
/** Of `removeImages`. */
export const REMOVE: Shape = shapeOf<RemoveImagesOptions>("removeImages", { ...STORE, images: list(text), force: maybe(flag) });
/** Of `pruneStore`. */
export const PRUNE: Shape = shapeOf<PruneStoreOptions>("pruneStore", {
  ...STORE,
  all: maybe(flag),
  olderThanMs: maybe(amount),
  untagged: maybe(flag),
});
/** Of `collectCache`. */
export const COLLECT: Shape = shapeOf<CollectCacheOptions>("collectCache", {
  ...STORE,
  policy: maybe(
    fields<GcPolicy>({
      maxUsedBytes: maybe(amount),
      minFreeBytes: maybe(amount),
      reservedBytes: maybe(amount),
      keepMs: maybe(fields<NonNullable<GcPolicy["keepMs"]>>({ layers: maybe(amount), mounts: maybe(amount), sources: maybe(amount) })),
    }),
  ),
});
/** Of `storeUsage`. */
export const USAGE: Shape = shapeOf<StoreOptions>("storeUsage", STORE);
/** Of `pullImage`. */
export const PULL: Shape = shapeOf<PullImageOptions>("pullImage", { ...STORE, image: text, platform: maybe(text) });
const { rewriteTimestamp: _ofBuilds, ...PACKING } = COMPRESSION;
/** Of `pushImage`. */
export const PUSH: Shape = shapeOf<PushImageOptions>("pushImage", {
  ...STORE,
  ...PACKING,
  image: text,
  name: maybe(text),
  platform: maybe(text),
});
/** Of `importImage`. */
export const IMPORT: Shape = shapeOf<ImportImageOptions>("importImage", {
  ...STORE,
  name: text,
  file: text,
  stdin: maybe(stream),
  changes: maybe(list(text)),
  message: maybe(text),
  platform: maybe(text),
});
