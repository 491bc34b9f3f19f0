/** Indexes of images that exist: `createIndex` and `annotateIndex`. */
import { imageContext, openSession, platformOf, type Session, type StoreOptions } from "../context/index.ts";
import { usageError } from "../errors.ts";
import { noEvents } from "../events.ts";
import { annotateIndex as annotate, createIndex as create, type ExportContext, type ImageSource, type MadeIndex } from "../image/index.ts";
import { imageSourceOf } from "../project/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { namedDestination } from "./named-destination.ts";
import { list, maybe, record, STORE, text } from "./options/kinds.ts";
import { checkOptions, type Shape, shapeOf } from "./options/shape.ts";

/** Options of `createIndex`. */
export interface CreateIndexOptions extends StoreOptions {
  /** Of the index in the store; "docker://NAME": at the registry, which is sent only what it lacks. */
  readonly name: string;
  /** Names, IDs, digests of the store; "docker://NAME", "oci:PATH", "docker-archive:FILE". For a registry, a name that the store lacks is one of a registry. */
  readonly images: readonly string[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of `annotateIndex`. */
export interface AnnotateIndexOptions extends StoreOptions {
  /** Of the store; "docker://NAME": at its registry; "oci:FOLDER[:TAG]". */
  readonly name: string;
  /** Added to those that are there. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the image for this platform. Default: of the index itself. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

const CREATE: Shape = shapeOf<CreateIndexOptions>("createIndex", {
  ...STORE,
  name: text,
  images: list(text),
  annotations: maybe(record(text)),
  cwd: maybe(text),
});
const ANNOTATE: Shape = shapeOf<AnnotateIndexOptions>("annotateIndex", {
  ...STORE,
  name: text,
  annotations: record(text),
  platform: maybe(text),
  cwd: maybe(text),
});

/** Makes an index of images. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `USAGE`, and what registries throw. */
export async function createIndex(options: CreateIndexOptions): Promise<MadeIndex> {
  checkOptions(CREATE, options);
  if (options.images.length === 0) throw usageError("Cannot make an index: no image was named");
  const cwd = options.cwd ?? workingDirectory();
  const target = namedDestination(options.name, cwd);
  if (target === undefined)
    throw usageError(
      `Cannot make index "${options.name}": it is a file or a folder`,
      `Make it in the store, then: decant copy store:NAME ${options.name}`,
    );
  await using session = await openSession(options);
  const images: ImageSource[] = [];
  // An index of the store is made of what is there, unless an image says of which registry it is.
  const storeOnly = target.kind === "store";
  for (const image of options.images) images.push(await imageSourceOf(session, image, cwd, { storeOnly }));
  return await create(contextOf(session, options.signal, cwd), target, images, {
    annotations: options.annotations ?? {},
    host: session.platform,
  });
}

/** Sets annotations of an index, whose name moves to the new one. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, `USAGE`, and what registries throw. */
export async function annotateIndex(options: AnnotateIndexOptions): Promise<MadeIndex> {
  checkOptions(ANNOTATE, options);
  await using session = await openSession(options);
  const cwd = options.cwd ?? workingDirectory();
  const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
  const source = await imageSourceOf(session, options.name, cwd, { storeOnly: true });
  const { annotations } = options;
  return await annotate(contextOf(session, options.signal, cwd), source, { annotations, platform, host: session.platform });
}

function contextOf(session: Session, signal: AbortSignal | undefined, cwd: string): ExportContext {
  return { ...imageContext(session, noEvents, "index", signal ?? new AbortController().signal), cwd };
}
