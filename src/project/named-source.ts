/** What commands that look at one thing take: images of the store, of registries, of OCI layouts, and directories of the host. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isDigest } from "../digest.ts";
import { isDecantError, usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { findImage, isImageId, loadFound, openOciArchive, openOciLayout, type OpenedImage, pullImage } from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import { openNamedFile } from "../sys/index.ts";
import { imageContext, type Session } from "../context/index.ts";
import { withSimilarImage } from "./mistyped-image.ts";

const LAYOUT = /^(?:oci:|oci-archive:|docker-archive:|oci-layout:\/\/)(.+)$/;
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

/** An image whose layers load when asked, or the absolute path of a root file system. `isNamed`: the name is an image's reference. */
export type NamedSource =
  | { readonly kind: "image"; readonly image: OpenedImage; readonly isNamed: boolean }
  | { readonly kind: "directory"; readonly path: string };

/**
 * Opens what `name` names: "oci:PATH[:TAG|@DIGEST]" (a layout: a folder, or a tar as docker save writes), "dir:PATH" or a path that starts with "." or "/", else an image of the store, which is
 * pulled when it is not there. Throws `NOT_FOUND`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `USAGE`.
 */
export async function openNamedSource(name: string, context: SourceContext): Promise<NamedSource> {
  const layout = LAYOUT.exec(name)?.[1];
  if (layout !== undefined) return { kind: "image", image: await openLayout(name, layout, context), isNamed: false };
  const directory = DIRECTORY.exec(name)?.[1];
  if (directory !== undefined) return { kind: "directory", path: await existingDirectory(directory, context) };
  if (/^\.{0,2}(?:\/|$)/.test(name)) return { kind: "directory", path: await rootDirectory(name, context) };
  return { kind: "image", ...(await storedOrPulled(name, context)) };
}

async function openLayout(name: string, layout: string, { session, cwd, platform, signal }: SourceContext): Promise<OpenedImage> {
  const { path, selector } = splitLayout(layout);
  const place = resolve(cwd, path);
  // What is no file is a layout's folder, or an error of opening one.
  const archive = openNamedFile({ path: place });
  if ("problem" in archive) return await openOciLayout(session.store, place, selector, platform);
  return await openOciArchive(session.store, archive.chunks(signal), { name, selector, platform, signal });
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

/** "folder:tag", "folder@sha256:…", "folder". */
function splitLayout(text: string): { readonly path: string; readonly selector: string | undefined } {
  const at = text.lastIndexOf("@");
  if (at > 0 && isDigest(text.slice(at + 1))) return { path: text.slice(0, at), selector: text.slice(at + 1) };
  const colon = text.lastIndexOf(":");
  return colon > text.lastIndexOf("/")
    ? { path: text.slice(0, colon), selector: text.slice(colon + 1) }
    : { path: text, selector: undefined };
}

async function storedOrPulled(
  name: string,
  { session, platform, emit, signal }: SourceContext,
): Promise<{ readonly image: OpenedImage; readonly isNamed: boolean }> {
  try {
    const found = await findImage(session.store, name);
    return { image: await loadFound(session.store, name, found, platform), isNamed: found.name !== undefined };
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") || isImageId(name)) throw error;
  }
  const image = await step(emit, { vertex: "pull", name: `pulling ${name}, which is not in the store` }, signal, async () => {
    try {
      return await pullImage(imageContext(session, emit, "pull", signal), name, platform, { load: true, name: true });
    } catch (error) {
      throw await withSimilarImage(error, name, session.store);
    }
  });
  return { image, isNamed: true };
}
