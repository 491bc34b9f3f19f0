/** npm packages: the package.json of each folder in a node_modules. */
import * as v from "valibot";
import { parseJson } from "../facts/index.ts";
import { joinTreePath, type TreePath } from "../paths.ts";
import { anyOf, type LicenceTexts, licenceField } from "./licence-expression.ts";
import { formatPurl } from "../purl.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const NAME = /^(?:@[^/@\s]+\/)?[^/@\s]+$/;
const manifestSchema = v.object({
  name: v.optional(v.pipe(v.string(), v.regex(NAME))),
  version: v.optional(v.pipe(v.string(), v.nonEmpty())),
  license: v.optional(v.unknown()),
  licenses: v.optional(v.unknown()),
  homepage: v.optional(v.unknown()),
  description: v.optional(v.unknown()),
  dependencies: v.optional(v.unknown()),
  optionalDependencies: v.optional(v.unknown()),
});
const licenceSchema = v.union([
  v.string(),
  v.pipe(
    v.object({ type: v.string() }),
    v.transform(({ type }) => type),
  ),
]);

/** Reads the package in `folder`. Damaged ones go to `unread`. */
export async function readNpmPackage(
  files: TreeFiles,
  folder: TreePath,
  own: readonly TreePath[],
  context: { readonly texts: LicenceTexts; readonly unread: UnreadRecord[] },
): Promise<InventoryPackage | undefined> {
  const location = joinTreePath(folder, "package.json");
  const bytes = await files.read(location, MAX_BYTES, context.unread);
  if (bytes === undefined) return undefined;
  const parsed = v.safeParse(manifestSchema, parseJson(bytes));
  if (!parsed.success) {
    context.unread.push({ path: location, why: "it is no package.json with a name and a version" });
    return undefined;
  }
  // What npm installs has both: others are parts of a package's own tests.
  if (parsed.output.name === undefined || parsed.output.version === undefined) return undefined;
  const { name, version, homepage, description, dependencies, optionalDependencies } = parsed.output;
  const slash = name.indexOf("/");
  return {
    kind: "npm",
    name,
    version,
    purl: formatPurl({
      type: "npm",
      ...(slash < 0 ? {} : { namespace: name.slice(0, slash) }),
      name: name.slice(slash + 1),
      version,
    }),
    licences: licencesOf(parsed.output, context.texts),
    files: own,
    location,
    ...(typeof homepage === "string" ? { homepage } : {}),
    ...(typeof description === "string" ? { summary: description.split("\n")[0] ?? "" } : {}),
    requires: [...keysOf(dependencies), ...keysOf(optionalDependencies)].map((one) => [one]),
    provides: [],
  };
}

/** `license`, or the list `licenses` of old packages, of which each may be chosen. */
function licencesOf({ license, licenses }: v.InferOutput<typeof manifestSchema>, texts: LicenceTexts): readonly string[] {
  const given = Array.isArray(licenses) && license === undefined ? licenses : [license];
  const names = given.flatMap((one) => {
    const parsed = v.safeParse(licenceSchema, one);
    return parsed.success ? licenceField(parsed.output, texts) : [];
  });
  return anyOf(names);
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}
