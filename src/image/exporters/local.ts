/** type=local: the image's files in a plain directory, merged into what is there, as buildx does. */
import { join } from "node:path";
import { isDecantError } from "../../errors.ts";
import { formatPlatform } from "../../oci/index.ts";
import { compareTreePaths, ROOT, toText, treePath } from "../../paths.ts";
import { type Entry, type LayerItem, layerTree, loadLayers, type Tree, unpackTree, walk, writeLayer } from "../../tree/index.ts";
import { statementsOf } from "../attest.ts";
import { exportError, writeError } from "../errors.ts";
import type { StatementSubject } from "../statement.ts";
import type { BuiltImage, ExportContext, ExportResult, FileOptions, OutputSpec } from "../types.ts";
import { destinationPath } from "./destination.ts";

/** Unpacks into `dest`, making it where it is missing. Throws `EXPORT`. */
export async function exportLocal(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "local" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const path = join(destinationPath(ctx, output.dest), platformFolder(image, output) ?? "");
  const tree = await treeOf(image, ctx, output);
  try {
    await unpackTree(tree, path, { signal: ctx.signal });
  } catch (error) {
    // What is full is the destination: the hint of a full store would lead astray.
    throw writeError("unpack the image to", path, isDecantError(error, "STORE_FULL") ? error.cause : error);
  }
  return { output, names: [], path };
}

/** "linux_amd64", where the files of each platform have a folder of their own. */
export function platformFolder(image: BuiltImage, { platformSplit = image.inIndex ?? false }: FileOptions): string | undefined {
  return platformSplit ? formatPlatform(image.platform).replaceAll("/", "_") : undefined;
}

/** The merged files of an image, and at its root what the build says of them; all layers are loaded. Throws `EXPORT` where a name is taken. */
export async function treeOf(image: BuiltImage, { store, signal }: ExportContext, output: FileOptions = {}): Promise<Tree> {
  const layers = await loadLayers(image.layers, signal);
  const tree = layerTree(layers);
  const { attestations = [] } = image;
  if (attestations.length === 0) return tree;
  const statements = await statementsOf(attestations, await fileSubjects(tree, signal));
  // Files of several platforms may come to lie in one folder.
  const platform =
    image.inIndex === true && platformFolder(image, output) === undefined ? platformFolder(image, { platformSplit: true }) : undefined;
  const items = attestations.flatMap(({ fileName: plain }, at): LayerItem[] => {
    const fileName = (output.attestationPrefix ?? "") + (platform === undefined ? plain : plain.replace(/(?=\.[^.]*$)|$/, `.${platform}`));
    const path = treePath(fileName);
    if (tree.lookup(path) !== undefined)
      throw exportError("write", fileName, "the image has a file of this name, which is that of an attestation");
    const bytes = statements[at]?.bytes ?? Buffer.alloc(0);
    const mtimeSec = Math.floor(Date.parse(image.created) / 1000);
    const entry: Entry = { path, kind: "file", mode: 0o644, uid: 0, gid: 0, size: bytes.byteLength, mtimeSec, mtimeNsec: 0 };
    return [{ entry, data: { kind: "bytes", bytes } }];
  });
  const written = await writeLayer(
    store,
    items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)),
    { signal },
  );
  return layerTree([...layers, written]);
}

/** Every file is a subject, as in BuildKit. */
async function fileSubjects(tree: Tree, signal: AbortSignal): Promise<StatementSubject[]> {
  const subjects: StatementSubject[] = [];
  for (const entry of walk(tree, ROOT)) {
    signal.throwIfAborted();
    if (entry.kind === "file") subjects.push({ name: toText(entry.path), digest: await tree.digest(entry) });
  }
  return subjects;
}
