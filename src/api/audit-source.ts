/** What can be audited: images of the store, of registries, of OCI layouts, and directories of the host. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type AuditLayer, type AuditSubject, imageSubject } from "../audit/index.ts";
import { pool } from "../async.ts";
import { isDigest } from "../digest.ts";
import { isDecantError, usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { loadImage, openOciLayout, type OpenedImage, pullImage } from "../image/index.ts";
import type { HistoryEntry, Platform } from "../oci/index.ts";
import { hostTree } from "../tree/index.ts";
import { imageContext, type Session } from "./session.ts";

/** How many layers are indexed at once. */
const PARALLEL = 4;
const LAYOUT = /^(?:oci:|oci-layout:\/\/)(.+)$/;
const DIRECTORY = /^dir:(.+)$/;
const CAPABILITIES = "security.capability";

/** What a name is opened with. */
export interface SubjectContext {
  readonly session: Session;
  readonly platform: Platform;
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Opens what `name` names: "oci:PATH[:TAG|@DIGEST]", "dir:PATH" or a path that starts with "." or "/", else an image of the store, which is
 * pulled when it is not there. Throws `NOT_FOUND`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `USAGE`.
 */
export async function openSubject(name: string, context: SubjectContext): Promise<AuditSubject> {
  const layout = LAYOUT.exec(name)?.[1];
  if (layout !== undefined) return await layoutSubject(name, layout, context);
  const directory = DIRECTORY.exec(name)?.[1] ?? (/^\.{0,2}(?:\/|$)/.test(name) ? name : undefined);
  if (directory !== undefined) return await directorySubject(name, directory, context);
  return await openedSubject(name, await storedOrPulled(name, context), context);
}

async function directorySubject(name: string, directory: string, { cwd, platform }: SubjectContext): Promise<AuditSubject> {
  const path = resolve(cwd, directory);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw usageError(`Cannot audit "${directory}": there is no such directory`);
  if (!facts.isDirectory())
    throw usageError(`Cannot audit "${directory}": it is no directory`, `For an OCI layout: decant audit oci:${directory}`);
  const tree = hostTree(path, { xattrs: (xattr) => xattr === CAPABILITIES });
  return { name, platform, config: {}, tree, layers: [], history: [], isDirectory: true };
}

async function layoutSubject(name: string, layout: string, context: SubjectContext): Promise<AuditSubject> {
  const { path, selector } = splitLayout(layout);
  const image = await openOciLayout(context.session.store, resolve(context.cwd, path), selector, context.platform);
  return await openedSubject(name, image, context);
}

/** "folder:tag", "folder@sha256:…", "folder". A folder of that very name wins. */
function splitLayout(text: string): { readonly path: string; readonly selector: string | undefined } {
  const at = text.lastIndexOf("@");
  if (at > 0 && isDigest(text.slice(at + 1))) return { path: text.slice(0, at), selector: text.slice(at + 1) };
  const colon = text.lastIndexOf(":");
  return colon > text.lastIndexOf("/")
    ? { path: text.slice(0, colon), selector: text.slice(colon + 1) }
    : { path: text, selector: undefined };
}

async function storedOrPulled(name: string, { session, platform, emit, signal }: SubjectContext): Promise<OpenedImage> {
  try {
    return await loadImage(session.store, name, platform);
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") || isDigest(name)) throw error;
  }
  const startedAt = Date.now();
  emit({ type: "vertex.planned", vertex: "pull", name: `pulling ${name}` });
  emit({ type: "vertex.started", vertex: "pull" });
  const image = await pullImage(imageContext(session, emit, "pull", signal), name, platform, { load: true, name: true });
  emit({ type: "vertex.done", vertex: "pull", durationMs: Date.now() - startedAt });
  return image;
}

async function openedSubject(name: string, { config, layers }: OpenedImage, { signal }: SubjectContext): Promise<AuditSubject> {
  const loaded = await pool(PARALLEL, layers, (layer, stop) => layer.load(stop), signal);
  const history = config.history ?? [];
  const told = history.filter((entry) => entry.empty_layer !== true);
  return imageSubject({
    name,
    platform: platformOf(config),
    config: config.config ?? {},
    layers: loaded.map((layer, index): AuditLayer => ({ layer, createdBy: createdBy(told, index, loaded.length) })),
    history,
  });
}

/** Some images have more layers than their history tells of: then nothing certain is known. */
function createdBy(told: readonly HistoryEntry[], index: number, layers: number): string {
  return told.length === layers ? (told[index]?.created_by ?? "") : "";
}

function platformOf({ os, architecture, variant }: OpenedImage["config"]): Platform {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
