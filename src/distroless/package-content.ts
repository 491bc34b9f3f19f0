/**
 * What a package holds, unpacked once into the store: a layer with its files, and its control files in a directory of their own. Reading it
 * again costs no decompression, so that another slice or another recipe is cheap.
 */
import { join } from "node:path";
import * as v from "valibot";
import { type BinaryPackage, type Deb, type ScriptName } from "../debian/index.ts";
import type { Digest } from "../digest.ts";
import { displayPath, isWithin, type TreePath, treePath } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { type Layer, layerTree, type LayerItem, readTreeFile, writeLayer } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { layerItems, sortItems, textItem } from "./layer-items.ts";
import { digestSchema, keptLayer } from "./kept-layer.ts";
import { createSpool } from "./spool.ts";

/** A package, all of it. */
export interface PackageContent {
  readonly binary: BinaryPackage;
  /** The control file as it is. */
  readonly control: Buffer;
  readonly scripts: ReadonlyMap<ScriptName, string>;
  /** Files with their digests, links and directories, sorted. The first name of a file has its bytes, the others are hard links to it. */
  readonly items: readonly LayerItem[];
  /** MD5 in hex of every content, by its digest. */
  readonly md5: ReadonlyMap<Digest, string>;
}

/** Where and how packages are unpacked. */
export interface UnpackContext {
  readonly store: Store;
  /** An existing folder for temporary files. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Raised when the same package gives another layer than before. */
const FORMAT = "package content 2";
/** No package has files there: dpkg(1) keeps the name for building. */
const CONTROL: TreePath = treePath("DEBIAN");
const MAX_CONTROL_BYTES = 64 * 1024 * 1024;
const SCRIPTS: readonly ScriptName[] = ["preinst", "postinst", "triggers", "conffiles"];

const md5Schema = v.array(v.tuple([digestSchema, v.string()]));

/** The package from the store, else as `open` gives it. Throws `RECIPE` and what `open` throws. */
export async function packageContent(
  context: UnpackContext,
  binary: BinaryPackage,
  open: (binary: BinaryPackage) => Promise<Deb>,
): Promise<PackageContent> {
  const layer = await keptLayer(context.store, [FORMAT, binary.digest], async () => await unpack(context, binary, await open(binary)));
  return await readContent(binary, layer);
}

async function unpack(context: UnpackContext, binary: BinaryPackage, deb: Deb): Promise<Layer> {
  await using spool = createSpool(join(context.scratch, `${binary.name}-${binary.digest.slice(-16)}`));
  const items: LayerItem[] = [];
  const md5 = new Map<Digest, string>();
  for await (const { entry, data } of deb.files()) {
    context.signal?.throwIfAborted();
    if (isWithin(entry.path, CONTROL))
      throw recipeError(binary.name, `the package has ${displayPath(entry.path)}, which no package may have`);
    if (entry.kind !== "file") {
      items.push({ entry });
      continue;
    }
    const kept = await spool.keep(data, entry.size);
    items.push({ entry: { ...entry, size: kept.size, digest: kept.digest }, data: kept.data });
    md5.set(kept.digest, kept.md5);
  }
  const control = (name: string, bytes: Uint8Array): LayerItem => textItem(`/${CONTROL}/${name}`, bytes);
  items.push(control("control", deb.controlText), control("md5", Buffer.from(JSON.stringify([...md5]))));
  for (const name of SCRIPTS) {
    const bytes = deb.scripts.get(name);
    if (bytes !== undefined) items.push(control(name, bytes));
  }
  // Directories that the package does not name are another package's, with its mode and owner.
  return await writeLayer(context.store, sortItems(items), { signal: context.signal });
}

async function readContent(binary: BinaryPackage, layer: Layer): Promise<PackageContent> {
  const tree = layerTree([layer]);
  const read = async (name: string): Promise<Buffer | undefined> => {
    const path = treePath(`${CONTROL}/${name}`);
    return tree.lookup(path) === undefined ? undefined : await readTreeFile(tree, path, MAX_CONTROL_BYTES);
  };
  const scripts = new Map<ScriptName, string>();
  for (const name of SCRIPTS) {
    const bytes = await read(name);
    if (bytes !== undefined) scripts.set(name, bytes.toString("utf8"));
  }
  return {
    binary,
    control: (await read("control")) ?? Buffer.alloc(0),
    scripts,
    items: (await layerItems(layer)).filter(({ entry }) => !isWithin(entry.path, CONTROL)),
    md5: new Map(v.parse(md5Schema, JSON.parse((await read("md5"))?.toString() ?? "[]"))),
  };
}
