/** PHP packages: vendor/composer/installed.json, as Composer 1 (a list) and 2 (an object) write it. */
import * as v from "valibot";
import { parseJson } from "../facts/index.ts";
import { cleanTreePath, fromText, isWithin, parentOf, type TreePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import { anyOf, type LicenceTexts, licenceField } from "./licence-expression.ts";
import type { FolderPackage } from "./package-folders.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_PACKAGES = 20_000;
const NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const packageSchema = v.object({
  name: v.pipe(v.string(), v.regex(NAME)),
  version: v.pipe(v.string(), v.nonEmpty()),
  license: v.optional(v.union([v.array(v.string()), v.string()])),
  homepage: v.optional(v.unknown()),
  description: v.optional(v.unknown()),
  require: v.optional(v.unknown()),
  "install-path": v.optional(v.nullable(v.string())),
});
const recordSchema = v.union([v.array(v.unknown()), v.object({ packages: v.array(v.unknown()) })]);

/** Reads one record. Damaged ones, and damaged packages of it, go to `unread`. */
export async function readComposer(
  files: TreeFiles,
  location: TreePath,
  context: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): Promise<readonly FolderPackage[]> {
  const bytes = await files.read(location, MAX_BYTES, context.unread);
  if (bytes === undefined) return [];
  const parsed = v.safeParse(recordSchema, parseJson(bytes));
  if (!parsed.success) {
    context.unread.push({ path: location, why: "it is no list of Composer's packages" });
    return [];
  }
  const all = Array.isArray(parsed.output) ? parsed.output : parsed.output.packages;
  if (all.length > MAX_PACKAGES) context.unread.push({ path: location, why: `there are more than ${MAX_PACKAGES} packages` });
  const packages = all.slice(0, MAX_PACKAGES).map((one) => v.safeParse(packageSchema, one));
  if (packages.some(({ success }) => !success))
    context.unread.push({ path: location, why: "a package in it has no usable name or version" });
  return packages.flatMap((found) => (found.success ? [composerPackage(location, found.output, context.texts)] : []));
}

function composerPackage(
  location: TreePath,
  { name, version, license = [], homepage, description, require, ...rest }: v.InferOutput<typeof packageSchema>,
  texts: LicenceTexts,
): FolderPackage {
  const [vendor = "", own = ""] = name.split("/");
  const licences = [license].flat().flatMap((one) => licenceField(one, texts));
  const one: InventoryPackage = {
    kind: "composer",
    name,
    version,
    purl: formatPurl({ type: "composer", namespace: vendor.toLowerCase(), name: own.toLowerCase(), version }),
    licences: anyOf(licences),
    files: [],
    location,
    ...(typeof homepage === "string" && homepage !== "" ? { homepage } : {}),
    ...(typeof description === "string" && description !== "" ? { summary: description.split("\n")[0] ?? "" } : {}),
    // "php" and "ext-json" are no packages.
    requires: keysOf(require).flatMap((need) => (NAME.test(need) ? [[need]] : [])),
    provides: [],
  };
  return { one, ...folderOf(location, rest["install-path"] ?? `../${name}`) };
}

/** Its folder; the project itself, around its own vendor folder, has none. */
function folderOf(location: TreePath, installPath: string): { readonly folder?: TreePath } {
  const folder = cleanTreePath(`${parentOf(location)}/${fromText(installPath)}`);
  return isWithin(location, folder) ? {} : { folder };
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}
