/** What commands take for an image: a name, or a kind of place and a path or name in it, as skopeo writes them. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Session } from "../context/index.ts";
import { DecantError, isDecantError, unsupported, usageError } from "../errors.ts";
import { findImage, type ImageSource, isImageId } from "../image/index.ts";
import { openNamedFile } from "../sys/index.ts";

/** A text in its parts. "name": of the store, else of a registry. `selector`: a tag, a digest or a name; absent for the only image. */
type ImagePlace =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "store"; readonly name: string }
  | { readonly kind: "registry"; readonly name: string }
  | { readonly kind: "oci"; readonly path: string; readonly selector: string | undefined }
  | { readonly kind: "oci-archive" | "docker-archive"; readonly path: string; readonly selector: string | undefined };

const PLACE = /^(oci|oci-archive|oci-layout|docker-archive|docker|store|containers-storage|docker-daemon):(?:\/\/)?(.*)$/s;
/** Places that may be names as well: "oci:1" is one of an image. */
const KINDS = { oci: "oci", "oci-layout": "oci", "oci-archive": "oci-archive", "docker-archive": "docker-archive" } as const;

/** Reads what a user typed. Throws `USAGE` for an empty place, `UNSUPPORTED` for places of other tools. */
export function imagePlaceOf(text: string, cwd: string): ImagePlace {
  const [, kind, rest] = PLACE.exec(text) ?? [];
  if (kind === undefined || rest === undefined) return { kind: "name", name: text };
  if (rest === "") throw usageError(`Cannot use "${text}": a name is missing behind "${kind}:"`);
  if (kind === "docker") return { kind: "registry", name: rest };
  if (kind === "store") return { kind, name: rest };
  if (kind === "oci" || kind === "oci-layout" || kind === "oci-archive" || kind === "docker-archive")
    return { kind: KINDS[kind], ...splitPath(rest, cwd) };
  throw unsupported(`The place "${kind}:"`, {
    hint: "Pipe an archive: docker save IMAGE | decant load, or decant save IMAGE | docker load",
  });
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

/**
 * Where the image is that a text names: NAME (of the store, else of a registry), docker://NAME, store:NAME, oci:PATH, docker-archive:FILE. With
 * `storeOnly`, NAME is one of the store alone: commands that docker has, too, ask no registry about a name that is mistyped, or not there yet.
 * Throws `USAGE`, `UNSUPPORTED`, `NOT_FOUND`.
 */
export async function imageSourceOf(
  { store }: Pick<Session, "store">,
  text: string,
  cwd: string,
  { storeOnly = false }: { readonly storeOnly?: boolean } = {},
): Promise<ImageSource> {
  const place = imagePlaceOf(text, cwd);
  switch (place.kind) {
    case "registry":
    case "store":
      return place;
    case "name":
      return { kind: storeOnly || (await isInStore(store, place.name)) ? "store" : "registry", name: place.name };
    case "oci":
    case "oci-archive":
    case "docker-archive":
      return archiveSource(place);
  }
}

async function isInStore(store: Session["store"], name: string): Promise<boolean> {
  try {
    await findImage(store, name);
    return true;
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") || isImageId(name)) throw error;
    return false;
  }
}

function archiveSource({ path, selector }: { readonly path: string; readonly selector: string | undefined }): ImageSource {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return { kind: "archive", path, selector };
  const opened = openNamedFile({ path }, { pipes: true });
  if ("problem" in opened) throw new DecantError("NOT_FOUND", `Cannot open "${path}": ${opened.problem}`);
  return { kind: "archive", path, selector, tar: () => opened.chunks() };
}
