/** Java archives: Maven's pom.properties, else the manifest; archives in archives (Spring Boot) too. */
import type { TreePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import type { InventoryPackage } from "./types.ts";
import { zipMembers } from "./zip.ts";

const POM = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const MANIFEST = "META-INF/MANIFEST.MF";
const NESTED = /\.jar$/;
const MAX_TEXT_BYTES = 256 * 1024;
const MAX_NESTED_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 2;
const MAX_PACKAGES = 5000;
const COORDINATE = /^[A-Za-z0-9._-]+$/;

/** The packages in an archive; undefined when it is no zip. */
export function jarPackages(bytes: Buffer, location: TreePath, depth = 0): readonly InventoryPackage[] | undefined {
  const members = zipMembers(bytes);
  if (members === undefined) return undefined;
  const found: InventoryPackage[] = [];
  let manifest: Buffer | undefined;
  for (const member of members) {
    if (found.length >= MAX_PACKAGES) break;
    if (POM.test(member.name)) {
      const text = member.read(MAX_TEXT_BYTES)?.toString("utf8") ?? "";
      const field = (name: string): string => new RegExp(`^${name}[ \\t]*=[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
      const [group, artifact, version] = [field("groupId"), field("artifactId"), field("version")];
      if (COORDINATE.test(group) && COORDINATE.test(artifact) && version !== "")
        found.push(mavenPackage(group, artifact, version, location));
    } else if (member.name === MANIFEST) manifest = member.read(MAX_TEXT_BYTES);
    else if (NESTED.test(member.name) && depth < MAX_DEPTH) {
      const nested = member.read(MAX_NESTED_BYTES);
      found.push(...(nested === undefined ? [] : (jarPackages(nested, location, depth + 1) ?? [])));
    }
  }
  if (found.length > 0 || manifest === undefined) return found;
  return manifestPackage(manifest.toString("utf8"), location);
}

function mavenPackage(group: string, artifact: string, version: string, location: TreePath): InventoryPackage {
  return {
    kind: "maven",
    name: `${group}:${artifact}`,
    version,
    purl: formatPurl({ type: "maven", namespace: group, name: artifact, version }),
    ...common(location),
  };
}

/** Without Maven's coordinates nobody knows the group: the archive is a package of its own. */
function manifestPackage(text: string, location: TreePath): readonly InventoryPackage[] {
  const lines = text.replace(/\r?\n /g, "").split(/\r?\n/);
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const name = (field("Bundle-SymbolicName") ?? field("Implementation-Title") ?? "").split(";")[0]?.trim() ?? "";
  const version = field("Bundle-Version") ?? field("Implementation-Version") ?? "";
  if (name === "" || version === "") return [];
  return [{ kind: "generic", name, version, purl: formatPurl({ type: "generic", name, version }), ...common(location) }];
}

function common(location: TreePath): Pick<InventoryPackage, "licences" | "files" | "location" | "requires" | "provides"> {
  return { licences: [], files: [location], location, requires: [], provides: [] };
}
