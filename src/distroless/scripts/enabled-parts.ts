/**
 * Modules of PHP, and modules, settings and sites of Apache that maintainer scripts switch on: phpenmod(8), a2enmod(8) and their like make links from a folder of
 * what is available into one of what is loaded.
 */
import { baseName, displayPath, joinTreePath, treePath, type TreePath } from "../../paths.ts";
import { readTreeFile, type Tree } from "../../tree/index.ts";
import { directoryEntry } from "../layer-items.ts";
import type { LayerItem } from "../../tree/index.ts";
import type { ScriptCommand } from "./read-script.ts";

/** Something to switch on. */
type EnabledPart =
  | { readonly kind: "php"; readonly name: string; readonly version: string; /** Undefined: all that are there. */ readonly sapi?: string }
  | {
      readonly kind: "mods" | "conf" | "sites";
      readonly name: string;
      /** It takes the place of another way to serve that is on already. */
      readonly isSwitch?: true;
    };

const NAME = /^[A-Za-z0-9][\w.+-]*$/;
const APACHE = "/etc/apache2";
const MAX_TEXT_BYTES = 64 * 1024;
const PHP_PRIORITY = 20;

/** What a command switches on; undefined for one that switches nothing on, or whose words only a run would show. */
export function enabledParts({ words }: ScriptCommand): readonly EnabledPart[] | undefined {
  if (!words.every(({ known }) => known)) return undefined;
  const [command = "", ...rest] = words.map(({ text }) => text);
  const names = rest.filter((word) => !word.startsWith("-"));
  const [action = "", ...more] = names;
  switch (command.slice(command.lastIndexOf("/") + 1)) {
    case "php_invoke":
      return action === "enmod" && more.length === 3 ? phpParts(more[0], more[1], more.slice(2)) : undefined;
    case "phpenmod":
      return phpParts(
        valueOf(rest, "-v"),
        valueOf(rest, "-s"),
        rest.filter((word, at) => !word.startsWith("-") && !/^-[vs]$/.test(rest[at - 1] ?? "")),
      );
    case "apache2_switch_mpm":
      return parts("mods", [`mpm_${action}`])?.map((part) => ({ ...part, isSwitch: true }));
    case "apache2_invoke":
      return action === "enmod"
        ? parts("mods", more)
        : action === "enconf"
          ? parts("conf", more)
          : action === "ensite"
            ? parts("sites", more)
            : undefined;
    case "a2enmod":
      return parts("mods", names);
    case "a2enconf":
      return parts("conf", names);
    case "a2ensite":
      return parts("sites", names);
    default:
      return undefined;
  }
}

function phpParts(version = "ALL", sapi = "ALL", names: readonly string[]): readonly EnabledPart[] | undefined {
  if (!/^\d+\.\d+$/.test(version) || !NAME.test(sapi) || !names.every((name) => NAME.test(name))) return undefined;
  return names.map((name) => ({ kind: "php", name, version, ...(sapi === "ALL" ? {} : { sapi }) }));
}

function parts(kind: "mods" | "conf" | "sites", names: readonly string[]): readonly EnabledPart[] | undefined {
  // "php8.4" and what is named with its ending are one.
  const all = names.map((name) => name.replace(/\.(?:load|conf)$/, ""));
  return all.length > 0 && all.every((name) => NAME.test(name)) ? all.map((name) => ({ kind, name })) : undefined;
}

function valueOf(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}

/** Where what is available is: the file, absolute. */
export function availableFile(part: EnabledPart): string {
  if (part.kind === "php") return `/etc/php/${part.version}/mods-available/${part.name}.ini`;
  return `${APACHE}/${part.kind}-available/${part.name}${part.kind === "mods" ? ".load" : ".conf"}`;
}

/** Where its links are: a folder, and the name of one below it. Of Apache's several ways to serve, one is loaded. */
export function enabledFile(part: EnabledPart): { readonly folder: string; readonly name: RegExp } {
  if (part.kind === "php") return { folder: `/etc/php/${part.version}`, name: new RegExp(`^\\d+-${escaped(part.name)}\\.ini$`) };
  const name = part.name.startsWith("mpm_") ? "mpm_\\w+" : escaped(part.name);
  return { folder: `${APACHE}/${part.kind}-enabled`, name: new RegExp(`^${name}\\.${part.kind === "mods" ? "load" : "conf"}$`) };
}

function escaped(text: string): string {
  return text.replaceAll(/[.+]/g, String.raw`\$&`);
}

/** The links of all commands that a base has what they switch on for; none where there is something. `tree` is the base without them. */
export async function enabledItems(commands: readonly ScriptCommand[], tree: Tree): Promise<LayerItem[]> {
  const wanted = commands.flatMap((command) => enabledParts(command) ?? []);
  const links = new Map<TreePath, string>();
  for (const part of wanted) {
    if (part.kind === "php") for (const [path, target] of await phpLinks(part, tree)) links.set(path, target);
  }
  for (const part of withoutOtherServers(wanted)) {
    if (part.kind === "conf" || part.kind === "sites")
      for (const [path, target] of apacheLinks(part.kind, part.name, tree)) links.set(path, target);
    if (part.kind === "mods")
      for (const name of await withNeeded(part.name, tree))
        for (const [path, target] of apacheLinks("mods", name, tree)) links.set(path, target);
  }
  return [...links]
    .filter(([path]) => tree.lookup(path) === undefined)
    .map(([path, target]) => ({ entry: { ...directoryEntry(path, { mode: 0o777 }), kind: "symlink", link: target } }));
}

/** Of Apache's several ways to serve the one that a script switches to, whatever is on at first. */
function withoutOtherServers(wanted: readonly EnabledPart[]): readonly EnabledPart[] {
  const isServer = (part: EnabledPart): boolean => part.kind === "mods" && part.name.startsWith("mpm_");
  const chosen = wanted.findLast((part) => isServer(part) && part.kind !== "php" && part.isSwitch === true) ?? wanted.findLast(isServer);
  return wanted.filter((part) => !isServer(part) || part === chosen);
}

/** One link for each of PHP's programs that are there. */
async function phpLinks(part: Extract<EnabledPart, { kind: "php" }>, tree: Tree): Promise<[TreePath, string][]> {
  const available = availableFile(part);
  const text = await textOf(available, tree);
  if (text === undefined) return [];
  const priority = Number(/^;\s*priority\s*=\s*(\d{1,4})\s*$/m.exec(text)?.[1] ?? PHP_PRIORITY);
  const sapis =
    part.sapi === undefined ? tree.readdir(treePath(`/usr/lib/php/${part.version}/sapi`)).map(({ path }) => baseName(path)) : [part.sapi];
  return sapis
    .filter((sapi) => tree.lookup(treePath(`/etc/php/${part.version}/${sapi}/conf.d`))?.kind === "dir")
    .map((sapi) => [treePath(`/etc/php/${part.version}/${sapi}/conf.d/${String(priority).padStart(2, "0")}-${part.name}.ini`), available]);
}

function apacheLinks(kind: "mods" | "conf" | "sites", name: string, tree: Tree): [TreePath, string][] {
  const folder = joinTreePath(treePath(APACHE), treePath(`${kind}-available`));
  return ["load", "conf"]
    .map((ending) => treePath(`${displayPath(folder)}/${name}.${ending}`))
    .filter((path) => tree.lookup(path)?.kind === "file")
    .map((path) => [treePath(`${APACHE}/${kind}-enabled/${baseName(path)}`), `../${kind}-available/${baseName(path)}`]);
}

/** A module and those that its file says it depends on. */
async function withNeeded(name: string, tree: Tree): Promise<readonly string[]> {
  const found = new Set<string>();
  const queue = [name];
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    if (found.has(one)) continue;
    found.add(one);
    const text = await textOf(`${APACHE}/mods-available/${one}.load`, tree);
    const needs = /^#\s*Depends:\s*(.*)$/m.exec(text ?? "")?.[1] ?? "";
    queue.push(...needs.split(/\s+/).filter((need) => NAME.test(need)));
  }
  return [...found];
}

async function textOf(file: string, tree: Tree): Promise<string | undefined> {
  const entry = tree.lookup(treePath(file));
  return entry?.kind === "file" && entry.size <= MAX_TEXT_BYTES
    ? (await readTreeFile(tree, entry.path, MAX_TEXT_BYTES)).toString("latin1")
    : undefined;
}
