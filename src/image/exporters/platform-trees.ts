/** The files of an image of each platform, as outputs that are files have them. */
import { given } from "../../given.ts";
import { formatPlatform } from "../../oci/index.ts";
import { compareTreePaths, displayPath, ROOT, toText, treePath } from "../../paths.ts";
import { type Entry, type LayerItem, layerTree, loadLayers, type Tree, walk, writeLayer } from "../../tree/index.ts";
import { statementsOf } from "../attest.ts";
import { exportError } from "../errors.ts";
import { namedPlatform } from "../named-platform.ts";
import type { StatementSubject } from "../statement.ts";
import type { BuiltImage, ExportContext, FileOptions } from "../types.ts";

/** The files of one platform. */
interface PlatformTree {
  readonly image: BuiltImage;
  readonly tree: Tree;
  /** "linux_amd64", where the files of each platform have a folder of their own. */
  readonly folder?: string;
}

/** Loads the files of all platforms. Throws `EXPORT` where two platforms want the same place. */
export async function treesOf(images: readonly BuiltImage[], ctx: ExportContext, output: FileOptions): Promise<readonly PlatformTree[]> {
  const trees: PlatformTree[] = [];
  const written = new Map<string, string>();
  for (const image of images) {
    const tree = await treeOf(image, ctx, output);
    const folder = platformFolder(image, output);
    if (folder === undefined && images.length > 1) claimFiles(tree, formatPlatform(namedPlatform(image)), written);
    trees.push({ image, tree, ...given({ folder }) });
  }
  return trees;
}

function claimFiles(tree: Tree, platform: string, written: Map<string, string>): void {
  for (const { kind, path } of walk(tree, ROOT)) {
    const other = kind === "dir" ? undefined : written.get(path);
    if (other !== undefined)
      throw exportError("write", displayPath(path), `the images for ${other} and ${platform} both have it`, {
        hint: "Leave platform-split=false out: each platform gets a folder of its own",
      });
    if (kind !== "dir") written.set(path, platform);
  }
}

/** "linux_amd64", where the files of each platform have a folder of their own. */
function platformFolder(image: BuiltImage, { platformSplit = image.inIndex ?? false }: FileOptions): string | undefined {
  return platformSplit ? formatPlatform(namedPlatform(image)).replaceAll("/", "_") : undefined;
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
async function treeOf(image: BuiltImage, { store, vertex, signal }: ExportContext, output: FileOptions = {}): Promise<Tree> {
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
