/** Images of the store in archives: save and load; and more names for an image. */
import { statSync } from "node:fs";
import { noEvents } from "../events.ts";
import { imageContext, openSession, platformOf } from "../context/index.ts";
import { DecantError, usageError } from "../errors.ts";
import {
  copyImage,
  folderFiles,
  type ImageSource,
  loadArchive,
  type LoadedImage,
  saveArchive,
  type SavedImage,
  tagImage as tag,
  tarFiles,
} from "../image/index.ts";
import { imageSourceOf } from "../project/index.ts";
import { step } from "../step.ts";
import { openNamedFile } from "../sys/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { type NamedDestination, namedDestination } from "./named-destination.ts";
import { guardedStdin } from "./callbacks.ts";
import { LOAD, SAVE, TAG } from "./options/archives.ts";
import { startRun } from "./run-handle.ts";
import { checkOptions } from "./options/shape.ts";
import type { LoadImagesOptions, Run, SaveImagesOptions, TagImageOptions } from "./types.ts";

/**
 * Gives an image more names, in the store or at registries. Gives them in full. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `USAGE`, and what registries
 * throw.
 */
export async function tagImage(options: TagImageOptions): Promise<string[]> {
  checkOptions(TAG, options);
  if (options.names.length === 0) throw usageError("Cannot tag an image: no name was given");
  await using session = await openSession(options);
  const cwd = options.cwd ?? workingDirectory();
  const context = imageContext(session, noEvents, "tag", options.signal ?? new AbortController().signal);
  const source = await imageSourceOf(session, options.image, cwd, { storeOnly: true });
  const targets = options.names.map((name) => destinationOf(name, cwd));
  const names: string[] = [];
  for (const target of targets) {
    if (source.kind === "store" && target.kind === "store")
      names.push(...(await tag(context, source.name, [target.name], session.platform)));
    else names.push(...(await copyImage({ ...context, cwd }, source, target, { platform: undefined, host: session.platform })).names);
  }
  return [...new Set(names)];
}

function destinationOf(name: string, cwd: string): NamedDestination {
  const target = namedDestination(name, cwd);
  if (target === undefined) throw usageError(`Cannot name an image "${name}": it is a file or a folder`, `Run: decant copy IMAGE ${name}`);
  return target;
}

/** Writes images into one archive, as they are in the store, their registry or their archive. */
export function saveImages(options: SaveImagesOptions): Run<{ readonly images: readonly SavedImage[]; readonly path?: string }> {
  return startRun(SAVE, options, async (emit, signal) => {
    await using session = await openSession(options);
    const { images, dest, format = "docker", stdout, cwd } = options;
    const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
    const context = { ...imageContext(session, emit, "save", signal), stdout, cwd };
    const sources: ImageSource[] = [];
    for (const image of images) sources.push(await imageSourceOf(session, image, cwd ?? workingDirectory(), { storeOnly: true }));
    return await step(emit, { vertex: "save", name: `saving ${images.join(" ")}` }, signal, () =>
      saveArchive(context, sources, dest, { format, platform, host: session.platform }),
    );
  });
}

/** Loads the images of an archive, or of a folder with an OCI layout, into the store. */
export function loadImages(options: LoadImagesOptions): Run<readonly LoadedImage[]> {
  return startRun(LOAD, options, async (emit, signal) => {
    await using session = await openSession(options);
    const { file } = options;
    const name = file === "-" ? "standard input" : file;
    return await step(emit, { vertex: "load", name: `loading ${name}` }, signal, async () => {
      const context = imageContext(session, emit, "load", signal);
      const files = isFolder(file) ? folderFiles(session.store, file) : await tarFiles(session.store, openTar(options), name, signal);
      return await loadArchive(context, files, session.platform);
    });
  });
}

function isFolder(file: string): boolean {
  return file !== "-" && statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

function openTar({ file, stdin }: LoadImagesOptions): AsyncIterable<Uint8Array> {
  if (file === "-") {
    const stream = guardedStdin(stdin);
    if (stream === undefined) throw usageError("Cannot load from standard input: it was not given");
    return stream;
  }
  const opened = openNamedFile({ path: file }, { pipes: true });
  if ("problem" in opened) throw new DecantError("NOT_FOUND", `Cannot load "${file}": ${opened.problem}`);
  return opened.chunks();
}
