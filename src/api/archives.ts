/** Images of the store in archives: save and load; and more names for an image. */
import { statSync } from "node:fs";
import { noEvents } from "../events.ts";
import { imageContext, openSession, platformOf } from "../context/index.ts";
import { DecantError, usageError } from "../errors.ts";
import { folderFiles, loadArchive, type LoadedImage, saveArchive, type SavedImage, tagImage as tag, tarFiles } from "../image/index.ts";
import { step } from "../step.ts";
import { openNamedFile } from "../sys/index.ts";
import { guardedStdin } from "./callbacks.ts";
import { LOAD, SAVE, TAG } from "./options/archives.ts";
import { startRun } from "./run-handle.ts";
import { checkOptions } from "./options/shape.ts";
import type { LoadImagesOptions, Run, SaveImagesOptions, TagImageOptions } from "./types.ts";

/** Gives an image of the store more names. Gives them in full. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `USAGE`. */
export async function tagImage(options: TagImageOptions): Promise<string[]> {
  checkOptions(TAG, options);
  if (options.names.length === 0) throw usageError("Cannot tag an image: no name was given");
  await using session = await openSession(options);
  const signal = options.signal ?? new AbortController().signal;
  return await tag(imageContext(session, noEvents, "tag", signal), options.image, options.names, session.platform);
}

/** Writes images of the store into one archive, as they are there. */
export function saveImages(options: SaveImagesOptions): Run<{ readonly images: readonly SavedImage[]; readonly path?: string }> {
  return startRun(SAVE, options, async (emit, signal) => {
    await using session = await openSession(options);
    const { images, dest, format = "docker", stdout, cwd } = options;
    const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
    const context = { ...imageContext(session, emit, "save", signal), stdout, cwd };
    return await step(emit, { vertex: "save", name: `saving ${images.join(" ")}` }, signal, () =>
      saveArchive(context, images, dest, { format, platform, host: session.platform }),
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
