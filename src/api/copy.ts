/** `copyImage`: an image from one place to another. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { imageContext, openSession, platformOf, type Session, type StoreOptions } from "../context/index.ts";
import { DecantError, isDecantError, unsupported, usageError } from "../errors.ts";
import { copyImage as copy, type CopiedImage, type CopyDestination, type CopySource, findImage, isImageId } from "../image/index.ts";
import { step } from "../step.ts";
import { openNamedFile } from "../sys/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { maybe, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/** Options of `copyImage`. */
export interface CopyImageOptions extends StoreOptions {
  /** A name: of the store, else of a registry. "docker://NAME": of a registry. "store:NAME", "oci:PATH[:TAG]", "docker-archive:FILE[:NAME]". */
  readonly source: string;
  /** A name, or "docker://NAME": at a registry. "store:NAME", "oci:PATH[:TAG]" (a folder, or a file that ends with .tar), "docker-archive:FILE[:NAME]". */
  readonly destination: string;
  /** Only this platform. Default: all. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

const OPTIONS: Shape = shapeOf<CopyImageOptions>("copyImage", {
  ...STORE,
  source: text,
  destination: text,
  platform: maybe(text),
  cwd: maybe(text),
});

/** Copies an image with all platforms and attestations; its digest stays. Rejects with `USAGE`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `EXPORT`. */
export function copyImage(options: CopyImageOptions): Run<CopiedImage> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const cwd = options.cwd ?? workingDirectory();
    const destination = destinationOf(options.destination, cwd);
    await using session = await openSession(options);
    const source = await sourceOf(session, options.source, cwd);
    const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
    const context = { ...imageContext(session, emit, "copy", signal), cwd };
    return await step(emit, { vertex: "copy", name: `copying ${options.source} to ${options.destination}` }, signal, () =>
      copy(context, source, destination, { platform, host: session.platform }),
    );
  });
}

/** "oci:PATH:TAG" in its parts, as skopeo and Decant write them. */
const PLACE = /^(oci|oci-archive|oci-layout|docker-archive|docker|store|containers-storage|docker-daemon|dir):(?:\/\/)?(.*)$/s;

function placeOf(text: string): { readonly kind: string; readonly rest: string } {
  const [, kind, rest] = PLACE.exec(text) ?? [];
  if (kind === undefined || rest === undefined) return { kind: "", rest: text };
  if (rest === "") throw usageError(`Cannot copy "${text}": a name is missing behind "${kind}:"`);
  if (kind === "docker-daemon" || kind === "containers-storage")
    throw unsupported(`Copying from or to "${kind}:"`, {
      hint: "Pipe an archive: docker save IMAGE | decant load, or decant save IMAGE | docker load",
    });
  if (kind === "dir") throw unsupported('Copying from or to "dir:"', { hint: "Use oci:FOLDER" });
  return { kind, rest };
}

/** "folder:tag" → folder and tag; the tag may be a name with one for archives. */
function splitPath(rest: string, cwd: string): { readonly path: string; readonly selector: string | undefined } {
  const at = /@sha256:[0-9a-f]{64}$/.exec(rest);
  if (at !== null) return { path: resolve(cwd, rest.slice(0, at.index)), selector: rest.slice(at.index + 1) };
  const colon = rest.indexOf(":");
  return colon < 0
    ? { path: resolve(cwd, rest), selector: undefined }
    : { path: resolve(cwd, rest.slice(0, colon)), selector: rest.slice(colon + 1) };
}

/** What a text names: NAME (of the store, else of a registry), docker://NAME, store:NAME, oci:PATH, docker-archive:FILE. Throws `USAGE`, `UNSUPPORTED`. */
export async function sourceOf({ store }: Session, text: string, cwd: string): Promise<CopySource> {
  const { kind, rest } = placeOf(text);
  if (kind === "docker") return { kind: "registry", name: rest };
  if (kind === "store") return { kind: "store", name: rest };
  if (kind !== "") return archiveSource(rest, cwd);
  try {
    await findImage(store, rest);
    return { kind: "store", name: rest };
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") || isImageId(rest)) throw error;
    return { kind: "registry", name: rest };
  }
}

function archiveSource(rest: string, cwd: string): CopySource {
  const { path, selector } = splitPath(rest, cwd);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return { kind: "archive", path, selector };
  const opened = openNamedFile({ path }, { pipes: true });
  if ("problem" in opened) throw new DecantError("NOT_FOUND", `Cannot copy "${path}": ${opened.problem}`);
  return { kind: "archive", path, selector, tar: () => opened.chunks() };
}

function destinationOf(text: string, cwd: string): CopyDestination {
  const { kind, rest } = placeOf(text);
  if (kind === "" || kind === "docker") return { kind: "registry", name: rest };
  if (kind === "store") return { kind, name: rest };
  const place = splitPath(rest, cwd);
  if (kind === "docker-archive" || kind === "oci-archive") return { kind, ...place };
  return { kind: place.path.endsWith(".tar") ? "oci-archive" : "oci-folder", ...place };
}
