/** The effects of maintainer scripts that are only files: directories, the local time, name service, configuration files, and links of several kinds. */
import { treePath, type TreePath } from "../../paths.ts";
import type { LayerItem, Tree } from "../../tree/index.ts";
import { directoryEntry } from "../layer-items.ts";
import type { PackageContent } from "../package-content.ts";
import { type Alternative, alternativesOf } from "./alternatives.ts";
import { configItems } from "./config-files.ts";
import { enabledItems } from "./enabled-parts.ts";
import { readScript, type ScriptCommand } from "./read-script.ts";

const UTC = treePath("/usr/share/zoneinfo/Etc/UTC");
const MAKES_DIRECTORIES = /install_directory|install_local_dir|migrate_directory|mkdir/;
const UCF = /\bucf\b/;
const NSSWITCH = treePath("/usr/share/libc-bin/nsswitch.conf");

/** What a package that is taken whole gets besides its own files, and the paths of its own directories that become links. */
export function nativeItems(content: PackageContent, taken: readonly LayerItem[]): LayerItem[] {
  const found = new Map<TreePath, LayerItem>();
  const byPath = new Map(taken.map((item) => [item.entry.path, item]));
  const put = (item: LayerItem): void => void (byPath.has(item.entry.path) || found.set(item.entry.path, item));
  for (const { words, inside } of commandsOf(content, MAKES_DIRECTORIES)) {
    const [command, first, second, third] = words.map(({ text, known }) => (known ? text : undefined));
    if (inside !== undefined || first === undefined) continue;
    if (command === "install_directory" && third === "root") put(directory(first, second ?? "755"));
    if (command === "install_local_dir") put(directory(first, "755"));
    if (command === "mkdir") for (const path of madeDirectories(words)) put(directory(path, "755"));
    if (command === "migrate_directory" && second !== undefined) found.set(treePath(first), link(first, second));
  }
  if (content.binary.name === "tzdata" && byPath.has(UTC)) put(link("/etc/localtime", `/${UTC}`));
  const nsswitch = byPath.get(NSSWITCH);
  if (content.binary.name === "libc-bin" && nsswitch !== undefined)
    put({ ...nsswitch, entry: { ...nsswitch.entry, path: treePath("/etc/nsswitch.conf") } });
  for (const item of configItems(commandsOf(content, UCF), byPath)) put(item);
  return [...found.values()];
}

/** The links of all packages: of several for one path the one of the highest priority, then of the first package. `isThere`: what the base has. */
export function alternativeItems(contents: readonly PackageContent[], isThere: (path: TreePath) => boolean): LayerItem[] {
  const best = new Map<TreePath, Alternative>();
  for (const content of contents)
    for (const command of commandsOf(content, /update-alternatives/)) {
      if (command.words[0]?.text.endsWith("update-alternatives") !== true) continue;
      for (const one of alternativesOf(command) ?? []) {
        const path = treePath(one.link);
        const known = best.get(path);
        if (isThere(treePath(one.target)) && !isThere(path) && (known === undefined || one.priority > known.priority)) best.set(path, one);
      }
    }
  return [...best.values()].map((one) => link(one.link, one.target));
}

/** Copies of configuration files that another package brings. `there`: what the base has. */
export function sharedConfigItems(contents: readonly PackageContent[], there: ReadonlyMap<TreePath, LayerItem>): LayerItem[] {
  return configItems(
    contents.flatMap((content) => commandsOf(content, UCF)),
    there,
  );
}

/** The links that switch modules and the like on, for all packages together. `tree`: what the base has. */
export async function moduleItems(contents: readonly PackageContent[], tree: Tree): Promise<LayerItem[]> {
  return await enabledItems(
    contents.flatMap((content) => commandsOf(content, /php_invoke|phpenmod|apache2_(?:invoke|switch_mpm)|a2en(?:mod|conf|site)/)),
    tree,
  );
}

/** The commands of a package's postinst; none when it has no word that is looked for, as reading long scripts takes time. */
function commandsOf({ binary, scripts }: PackageContent, wanted: RegExp): readonly ScriptCommand[] {
  const script = scripts.get("postinst") ?? "";
  const { name, architecture } = binary;
  return wanted.test(script) ? readScript(script, { package: name, architecture, script: "postinst" }).commands : [];
}

/** Of /etc, for Java's settings, and of /usr/local, where Python looks for modules: root's, and nobody minds an empty one. */
function madeDirectories(words: readonly { readonly text: string; readonly known: boolean }[]): string[] {
  return words.slice(1).flatMap(({ text, known }) => (known && /^\/(?:etc|usr\/local)\/[^\0\n]+$/.test(text) ? [text] : []));
}

function directory(path: string, mode: string): LayerItem {
  return { entry: directoryEntry(treePath(path), { mode: /^[0-7]{3,4}$/.test(mode) ? Number.parseInt(mode, 8) : 0o755 }) };
}

function link(path: string, target: string): LayerItem {
  return { entry: { ...directoryEntry(treePath(path), { mode: 0o777 }), kind: "symlink", link: target } };
}
