/**
 * Gems: the specification that RubyGems writes for each installed one (specifications/NAME-VERSION.gemspec). It is a Ruby program in a fixed form; only literals
 * of that form are read, nothing is run.
 */
import { formatPurl } from "../purl.ts";
import { joinTreePath, parentOf, type TreePath, treePath } from "../paths.ts";
import { anyOf, type LicenceTexts, licenceField } from "./licence-expression.ts";
import type { FolderPackage } from "./package-folders.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const MAX_BYTES = 1024 * 1024;
const MAX_LINE_CHARS = 4096;
const NAME = /^[A-Za-z0-9][\w.-]*$/;
const STUB = /^# stub: (\S+) (\S+) (\S+) /m;
/** "text", 'text' or %q<text>, as RubyGems writes them. */
const LITERAL = String.raw`(?:"((?:[^"\\\n]|\\.)*)"|'([^'\\\n]*)'|%q<([^>\n]*)>)`;
const TEXT = new RegExp(LITERAL, "g");
const DEPENDENCY = new RegExp(String.raw`\.add_(runtime_|development_)?dependency\(\s*${LITERAL}`, "g");

/** Reads one. Damaged ones go to `unread`. */
export async function readGem(
  files: TreeFiles,
  location: TreePath,
  context: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): Promise<FolderPackage | undefined> {
  const bytes = await files.read(location, MAX_BYTES, context.unread);
  if (bytes === undefined) return undefined;
  // RubyGems writes short lines but for descriptions.
  const lines = bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line.length <= MAX_LINE_CHARS);
  const text = lines.join("\n");
  const [, stubName, stubVersion, platform = "ruby"] = STUB.exec(text) ?? [];
  const name = stubName ?? field(text, "name");
  const version = stubVersion ?? field(text, "version");
  if (name === undefined || version === undefined || !NAME.test(name) || version === "") {
    context.unread.push({ path: location, why: "it has no name or no version that can be read without running it" });
    return undefined;
  }
  const [homepage, summary] = [field(text, "homepage"), field(text, "summary")];
  const licences = [...literals(text, "licenses"), ...literals(text, "license")].flatMap((one) => licenceField(one, context.texts));
  const isRuby = platform === "ruby";
  const one: InventoryPackage = {
    kind: "gem",
    name,
    version,
    ...(isRuby ? {} : { architecture: platform }),
    purl: formatPurl({ type: "gem", name, version, qualifiers: { platform: isRuby ? undefined : platform } }),
    licences: anyOf(licences),
    files: [location],
    location,
    ...(homepage === undefined || homepage === "" ? {} : { homepage }),
    ...(summary === undefined || summary === "" ? {} : { summary }),
    requires: dependencies(text).map((need) => [need]),
    provides: [],
  };
  return { one, folder: gemFolder(location, isRuby ? `${name}-${version}` : `${name}-${version}-${platform}`) };
}

/** gems/NAME-VERSION beside the folder of specifications. */
function gemFolder(location: TreePath, name: string): TreePath {
  const specifications = parentOf(location);
  // Gems that come with Ruby have theirs one folder further down, and no folder of their own.
  const home = parentOf(specifications.endsWith("/default") ? parentOf(specifications) : specifications);
  return joinTreePath(home, treePath(`gems/${name}`));
}

/** `s.name = "rack".freeze` */
function field(text: string, name: string): string | undefined {
  return literals(text, name)[0];
}

function literals(text: string, name: string): string[] {
  const line = new RegExp(String.raw`^[ \t]*\w+\.${name}[ \t]*=[ \t]*(.*)$`, "m").exec(text)?.[1] ?? "";
  return [...line.matchAll(TEXT)].map(literalText);
}

function literalText([, double, single, percent]: RegExpMatchArray): string {
  return double?.replaceAll(/\\(.)/g, "$1") ?? single ?? percent ?? "";
}

/** Older specifications have two lists, of which the one for old RubyGems has all kinds without telling them apart. */
function dependencies(text: string): string[] {
  const all = [...text.matchAll(DEPENDENCY)].map(([, kind, ...literal]) => ({
    kind,
    name: literal.find((one) => one !== undefined) ?? "",
  }));
  const hasKinds = all.some(({ kind }) => kind !== undefined);
  return all.flatMap(({ kind, name }) => (NAME.test(name) && kind === (hasKinds ? "runtime_" : undefined) ? [name] : []));
}
