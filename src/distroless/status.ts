/**
 * What scanners read about a package in an image without dpkg: /var/lib/dpkg/status.d/NAME with its control file, and NAME.md5sums with the regular files
 * that are really there: after slices, moves into /usr, and replacements. Pure.
 */
import { compareTreePaths, toBytes, type TreePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { textItem } from "./layer-items.ts";

/** Where the files are. */
const STATUS_FOLDER = "/var/lib/dpkg/status.d";

/** The two files of a package. `items` are all that it has in the image; a content without an MD5 in `md5` is hashed by `md5Of`. */
export function statusItems(
  name: string,
  control: Uint8Array,
  items: readonly LayerItem[],
  md5Of: (item: LayerItem) => string | undefined,
): LayerItem[] {
  const byPath = new Map<string, LayerItem>(items.map((item) => [item.entry.path, item]));
  const lines: { readonly path: TreePath; readonly md5: string }[] = [];
  for (const item of items) {
    const file = item.entry.kind === "hardlink" ? byPath.get(item.entry.link ?? "") : item;
    // A newline in a name would forge a line; no package has one.
    if (file?.entry.kind !== "file" || item.entry.path.includes("\n")) continue;
    const md5 = md5Of(file);
    if (md5 !== undefined) lines.push({ path: item.entry.path, md5 });
  }
  const text = lines.toSorted((a, b) => compareTreePaths(a.path, b.path)).map(({ path, md5 }) => `${md5}  ${path}\n`);
  return [textItem(`${STATUS_FOLDER}/${name}`, control), textItem(`${STATUS_FOLDER}/${name}.md5sums`, toBytes(text.join("")))];
}
