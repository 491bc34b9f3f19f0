/** What commands that look at one thing take: images of the store, of registries, of OCI layouts, and directories of the host. */
import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isDecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { Emit } from "../events.ts";
import { bringImage, findImage, isImageId, loadFound, openOciLayout, type OpenedImage, pullImage } from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import { imageContext, type Session } from "../context/index.ts";
import { imagePlaceOf, imageSourceOf } from "./image-place.ts";
import { withSimilarImage } from "./mistyped-image.ts";

const DIRECTORY = /^dir:(.+)$/;

/** What a name is opened with. */
export interface SourceContext {
  readonly session: Session;
  readonly platform: Platform;
  readonly cwd: string;
  /** The command, for hints: "audit". */
  readonly command: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** An image whose layers load when asked, or the absolute path of a root file system. `reference`: the name of the image, where it has one. */
export type NamedSource =
  | { readonly kind: "image"; readonly image: OpenedImage; readonly reference?: string }
  | { readonly kind: "directory"; readonly path: string };

/**
 * Opens what `name` names: "oci:PATH[:TAG|@DIGEST]" (a layout: a folder, or a tar as docker save writes), "dir:PATH" or a path that starts with "." or "/",
 * "docker://NAME" (of a registry, whatever the store has), "store:NAME", else an image of the store, which is pulled when it is not there. Throws `NOT_FOUND`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `USAGE`.
 */
export async function openNamedSource(name: string, context: SourceContext): Promise<NamedSource> {
  const directory = DIRECTORY.exec(name)?.[1];
  if (directory !== undefined) return { kind: "directory", path: await existingDirectory(directory, context) };
  if (/^\.{0,2}(?:\/|$)/.test(name)) return { kind: "directory", path: await rootDirectory(name, context) };
  const place = imagePlaceOf(name, context.cwd);
  switch (place.kind) {
    case "name":
      return { kind: "image", ...(await storedOrPulled(name, context)) };
    case "store":
      return { kind: "image", ...(await stored(place.name, context)) };
    case "registry":
      return { kind: "image", image: await pulled(place.name, `pulling ${place.name}`, context, { load: true }), reference: place.name };
    case "oci":
    case "oci-archive":
    case "docker-archive":
      return { kind: "image", image: await openArchive(name, place, context) };
  }
}

async function openArchive(
  name: string,
  { path, selector }: { readonly path: string; readonly selector: string | undefined },
  { session, cwd, platform, emit, signal }: SourceContext,
): Promise<OpenedImage> {
  // What is no file is a layout's folder, or an error of opening one.
  const isFile = statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
  if (!isFile) return await openOciLayout(session.store, path, selector, platform);
  const { top } = await bringImage(imageContext(session, emit, "open", signal), await imageSourceOf(session, name, cwd));
  return await loadFound(session.store, name, { top }, platform);
}

async function existingDirectory(directory: string, { cwd, command }: SourceContext): Promise<string> {
  const path = resolve(cwd, directory);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw usageError(`Cannot open "${directory}": there is no such directory`);
  if (!facts.isDirectory())
    throw usageError(`Cannot open "${directory}": it is no directory`, `For an OCI layout: decant ${command} oci:${directory}`);
  return path;
}

/** A layout that is taken for a root file system would be found complete: no program is in it. */
async function rootDirectory(directory: string, context: SourceContext): Promise<string> {
  const path = await existingDirectory(directory, context);
  const isLayout = (await stat(join(path, "oci-layout")).catch(() => undefined))?.isFile() === true;
  if (!isLayout) return path;
  throw usageError(
    `Cannot open "${directory}" as a root file system: it is an OCI layout`,
    `Run: decant ${context.command} oci:${directory} (or dir:${directory}, to take its files all the same)`,
  );
}

async function stored(
  name: string,
  { session, platform }: SourceContext,
): Promise<{ readonly image: OpenedImage; readonly reference?: string }> {
  const found = await findImage(session.store, name);
  return {
    image: await loadFound(session.store, name, found, platform),
    ...given({ reference: found.name === undefined ? undefined : name }),
  };
}

async function storedOrPulled(name: string, context: SourceContext): Promise<{ readonly image: OpenedImage; readonly reference?: string }> {
  try {
    return await stored(name, context);
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") || isImageId(name)) throw error;
  }
  const image = await pulled(name, `pulling ${name}, which is not in the store`, context, { load: true, name: true });
  return { image, reference: name };
}

async function pulled(
  name: string,
  said: string,
  { session, platform, emit, signal }: SourceContext,
  options: Parameters<typeof pullImage>[3],
): Promise<OpenedImage> {
  return await step(emit, { vertex: "pull", name: said }, signal, async () => {
    try {
      return await pullImage(imageContext(session, emit, "pull", signal), name, platform, options);
    } catch (error) {
      throw await withSimilarImage(error, name, session.store);
    }
  });
}
