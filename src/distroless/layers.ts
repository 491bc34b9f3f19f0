/**
 * The layers of a base, one function for each kind of content. A layer is made once for the same input (`keptLayer`): the next recipe with the same
 * package finds it.
 */
import { join } from "node:path";
import * as v from "valibot";
import { collect } from "../bytes.ts";
import type { Deb } from "../debian/index.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { compareTreePaths, fromText, isWithin, toText, type TreePath, treePath } from "../paths.ts";
import type { Ref, Store } from "../store/index.ts";
import { decompress, type Entry, type Layer, type LayerItem, openLayer, readTar, writeLayer } from "../tree/index.ts";
import { accountFiles } from "./accounts.ts";
import { nodePackageError, recipeError } from "./errors.ts";
import { arrangeItems, directoryEntry, itemParts, textItem } from "./layer-items.ts";
import type { NpmPackage } from "./npm.ts";
import type { Recipe, RecipeFile } from "./recipe.ts";
import { createSpool, type Spool } from "./spool.ts";

/** Raised when the same input gives other bytes than before. */
const FORMAT = "1";
const SPACE = "distroless-layer";
const STATUS_FOLDER = "/var/lib/dpkg/status.d";
const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES: TreePath = treePath("usr/share/ca-certificates");
const MAX_CERTIFICATES_BYTES = 64 * 1024 * 1024;

const keptSchema = v.object({ layer: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)) });

/** What the garbage collector must keep for a layer. */
export function layerRef(id: Digest): Ref {
  return { kind: "record", space: "layer", id };
}

/** The layer that was made from the same `key` before, else the one that `make` gives. */
export async function keptLayer(store: Store, key: readonly (string | Uint8Array)[], make: () => Promise<Layer>): Promise<Layer> {
  const id = framedDigest([FORMAT, ...key]);
  const known = v.safeParse(keptSchema, store.records.get(SPACE, id));
  const layer = known.success ? openLayer(store, known.output.layer) : undefined;
  if (layer !== undefined) return layer;
  const made = await make();
  store.records.put(SPACE, id, { layer: made.id }, [layerRef(made.id)]);
  return made;
}

/** How layers are written. */
export interface LayerContext {
  readonly store: Store;
  /** An existing folder for temporary files. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/** A whole package: all its files, and its control data where scanners look for it. Its scripts are not run. */
export async function packageLayer(context: LayerContext, name: string, deb: Deb): Promise<Layer> {
  await using spool = await createSpool(join(context.scratch, name));
  const items: LayerItem[] = [];
  for await (const { entry, data } of deb.files()) {
    context.signal?.throwIfAborted();
    items.push(entry.kind === "file" ? await kept(spool, entry, data) : { entry });
  }
  items.push(...statusItems(name, deb.controlText, deb.md5sums));
  return await write(context, arrangeItems(items));
}

/** The certificates of a package as one bundle, its copyright file, and control data about what is there. */
export async function certificatesLayer(context: LayerContext, name: string, deb: Deb): Promise<Layer> {
  const certificates = new Map<TreePath, Buffer>();
  const items: LayerItem[] = [];
  const copyright = treePath(`usr/share/doc/${name}/copyright`);
  for await (const { entry, data } of deb.files()) {
    context.signal?.throwIfAborted();
    if (entry.kind !== "file") continue;
    if (entry.path === copyright) items.push({ entry, data: { kind: "bytes", bytes: await collect(data, MAX_CERTIFICATES_BYTES) } });
    else if (isWithin(entry.path, CERTIFICATES)) certificates.set(entry.path, await collect(data, MAX_CERTIFICATES_BYTES));
  }
  const bundle = [...certificates]
    .toSorted(([a], [b]) => compareTreePaths(a, b))
    .map(([path, bytes]) => {
      const text = bytes.toString("latin1");
      if (!text.includes("-----BEGIN CERTIFICATE-----")) throw recipeError(name, `"/${toText(path)}" is not a certificate`);
      return text.endsWith("\n") ? text : `${text}\n`;
    });
  if (bundle.length === 0) throw recipeError(name, `the package has no certificates below /${CERTIFICATES}`);
  items.push(textItem(BUNDLE, Buffer.from(bundle.join(""), "latin1")));
  // Only what is in the image: the certificates themselves are not.
  const md5sums = Buffer.from(deb.md5sums ?? [])
    .toString("latin1")
    .split("\n")
    .filter((line) => items.some((item) => line.endsWith(`  ${item.entry.path}`)));
  items.push(...statusItems(name, deb.controlText, md5sums.length === 0 ? undefined : Buffer.from(`${md5sums.join("\n")}\n`, "latin1")));
  return await write(context, arrangeItems(items));
}

/** The recipe's own files and accounts; undefined when it has none. Parent directories are as in the layers below. */
export async function filesLayer(
  context: LayerContext,
  recipe: Recipe,
  below: (path: TreePath) => Entry | undefined,
): Promise<Layer | undefined> {
  const accounts = recipe.users.length + recipe.groups.length === 0 ? [] : accountFiles(recipe);
  const files = [...accounts, ...recipe.files];
  if (files.length === 0) return undefined;
  const items = arrangeItems(files.map(ownItem), below);
  return await keptLayer(context.store, ["files", ...itemParts(items)], () => write(context, items));
}

/** /nodejs/bin/node and /nodejs/LICENSE out of the npm package. */
export async function nodeLayer(context: LayerContext, node: NpmPackage): Promise<Layer> {
  const what = `${node.name}@${node.version}`;
  await using spool = await createSpool(join(context.scratch, "nodejs"));
  const items: LayerItem[] = [];
  const wanted = new Map<string, { readonly path: string; readonly mode: number }>([
    ["package/bin/node", { path: "/nodejs/bin/node", mode: 0o755 }],
    ["package/LICENSE", { path: "/nodejs/LICENSE", mode: 0o644 }],
  ]);
  for await (const { entry, data } of readTar(decompress(context.store.blobs.open(node.digest)))) {
    context.signal?.throwIfAborted();
    const place = wanted.get(entry.path);
    if (place === undefined || entry.kind !== "file") continue;
    wanted.delete(entry.path);
    items.push(await kept(spool, { ...directoryEntry(treePath(place.path), { mode: place.mode }), kind: "file" }, data));
    if (wanted.size === 0) break;
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw nodePackageError(what, `its tarball has no file "${missing}"`);
  return await write(context, arrangeItems(items));
}

function statusItems(name: string, control: Uint8Array, md5sums: Uint8Array | undefined): LayerItem[] {
  const items = [textItem(`${STATUS_FOLDER}/${name}`, control)];
  if (md5sums !== undefined) items.push(textItem(`${STATUS_FOLDER}/${name}.md5sums`, md5sums));
  return items;
}

function ownItem(file: RecipeFile): LayerItem {
  const owner = { uid: file.uid ?? 0, gid: file.gid ?? 0 };
  const mode = file.mode === undefined ? {} : { mode: Number.parseInt(file.mode, 8) };
  if (file.text !== undefined) return textItem(file.path, file.text, { ...owner, ...mode });
  const directory = directoryEntry(treePath(file.path), { ...owner, ...mode });
  return { entry: file.link === undefined ? directory : { ...directory, kind: "symlink", mode: 0o777, link: fromText(file.link) } };
}

async function kept(spool: Spool, entry: Entry, data: AsyncIterable<Uint8Array>): Promise<LayerItem> {
  const spooled = await spool.keep(data);
  return { entry: { ...entry, size: spooled.size, digest: spooled.digest }, data: spooled.data };
}

async function write(context: LayerContext, items: readonly LayerItem[]): Promise<Layer> {
  return await writeLayer(context.store, items, context.signal === undefined ? {} : { signal: context.signal });
}
