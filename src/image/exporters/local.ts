/** type=local: the image's files in a plain directory, merged into what is there, as buildx does. */
import { resolve } from "node:path";
import { isDecantError, usageError } from "../../errors.ts";
import { formatPlatform } from "../../oci/index.ts";
import { compareTreePaths, ROOT, toText, treePath } from "../../paths.ts";
import { type Entry, type LayerItem, layerTree, loadLayers, type Tree, unpackTree, walk, writeLayer } from "../../tree/index.ts";
import { statementsOf } from "../attest.ts";
import { exportError, writeError } from "../errors.ts";
import { startProgress } from "../../transfer.ts";
import type { StatementSubject } from "../statement.ts";
import type { BuiltImage, ExportContext, ExportResult, FileOptions, OutputSpec } from "../types.ts";

/** Unpacks into `dest`, making it where it is missing. Throws `EXPORT`. */
export async function exportLocal(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "local" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  if (output.dest === "" || output.dest === "-") {
    throw usageError(
      `Cannot unpack to dest "${output.dest}": type=local writes a directory; wanted its path`,
      "Use type=tar,dest=- for stdout",
    );
  }
  const folder = platformFolder(image, output);
  const path = folder === undefined ? resolve(output.dest) : resolve(output.dest, folder);
  const tree = await treeOf(image, ctx, output);
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
  try {
    const dropped = await unpackTree(tree, path, { signal: ctx.signal, onProgress: progress.add, ...timesOf(image) });
    progress.end();
    if (dropped.length > 0) {
      const names = dropped.map(toText).join(", ");
      ctx.emit({
        type: "warning",
        code: "AttributesDropped",
        message: `The file system of "${path}" does not take ${names}: files are without these attributes`,
      });
    }
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

/** With SOURCE_DATE_EPOCH everything has that time, also what is older. */
export function timesOf({ epochSec }: BuiltImage): { readonly mtimeSec?: number } {
  return epochSec === undefined ? {} : { mtimeSec: epochSec };
}

/** The time of what an output adds of its own. */
export function addedTime({ created, epochSec }: BuiltImage): number {
  return epochSec ?? Math.floor(Date.parse(created ?? "1970-01-01T00:00:00Z") / 1000);
}

/** The merged files of an image, and at its root what the build says of them; all layers are loaded. Throws `EXPORT` where a name is taken. */
export async function treeOf(image: BuiltImage, { store, vertex, signal }: ExportContext, output: FileOptions = {}): Promise<Tree> {
  const layers = await loadLayers(image.layers, signal, { vertex });
  const tree = layerTree(layers);
  // Some are only for images.
  const attestations = (image.attestations ?? []).filter(({ inlineOnly = false }) => !inlineOnly);
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
    const bytes = indented(statements[at]?.bytes ?? Buffer.from("{}"));
    const mtimeSec = addedTime(image);
    const entry: Entry = { path, kind: "file", mode: 0o600, uid: 0, gid: 0, size: bytes.byteLength, mtimeSec, mtimeNsec: 0 };
    return [{ entry, data: { kind: "bytes", bytes } }];
  });
  const written = await writeLayer(
    store,
    items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)),
    { signal },
  );
  return layerTree([...layers, written]);
}

/** For people to read, as BuildKit writes it. */
function indented(json: Buffer): Buffer {
  return Buffer.from(JSON.stringify(JSON.parse(json.toString("utf8")), undefined, 2), "utf8");
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
