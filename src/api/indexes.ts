/** Indexes of images that exist: `createIndex` and `annotateIndex`. */
import { imageContext, openSession, platformOf, type StoreOptions } from "../context/index.ts";
import { usageError } from "../errors.ts";
import { noEvents } from "../events.ts";
import { annotateIndex as annotate, createIndex as create, type MadeIndex } from "../image/index.ts";
import { list, maybe, record, STORE, text } from "./options/kinds.ts";
import { checkOptions, type Shape, shapeOf } from "./options/shape.ts";

/** Options of `createIndex`. */
export interface CreateIndexOptions extends StoreOptions {
  /** Of the index in the store. */
  readonly name: string;
  /** Images of the store: names, IDs, digests. */
  readonly images: readonly string[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Options of `annotateIndex`. */
export interface AnnotateIndexOptions extends StoreOptions {
  readonly name: string;
  /** Added to those that are there. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the image for this platform. Default: of the index itself. */
  readonly platform?: string | undefined;
}

const CREATE: Shape = shapeOf<CreateIndexOptions>("createIndex", {
  ...STORE,
  name: text,
  images: list(text),
  annotations: maybe(record(text)),
});
const ANNOTATE: Shape = shapeOf<AnnotateIndexOptions>("annotateIndex", {
  ...STORE,
  name: text,
  annotations: record(text),
  platform: maybe(text),
});

/** Makes an index of images of the store. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `USAGE`. */
export async function createIndex(options: CreateIndexOptions): Promise<MadeIndex> {
  checkOptions(CREATE, options);
  if (options.images.length === 0) throw usageError("Cannot make an index: no image was named");
  await using session = await openSession(options);
  const signal = options.signal ?? new AbortController().signal;
  return await create(imageContext(session, noEvents, "index", signal), options.name, options.images, options.annotations ?? {});
}

/** Sets annotations of an index of the store; its name moves to the new index. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, `USAGE`. */
export async function annotateIndex(options: AnnotateIndexOptions): Promise<MadeIndex> {
  checkOptions(ANNOTATE, options);
  await using session = await openSession(options);
  const signal = options.signal ?? new AbortController().signal;
  const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
  return await annotate(imageContext(session, noEvents, "index", signal), options.name, options.annotations, platform);
}
