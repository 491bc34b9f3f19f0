/** Java archives: Maven's pom.properties, else the manifest; archives in archives (Spring Boot) too. */
import type { TreePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import { readZip, type ZipMember, type ZipSource, zipBytes } from "../tree/index.ts";
import type { InventoryPackage } from "./types.ts";

const POM = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const MANIFEST = "META-INF/MANIFEST.MF";
const NESTED = /\.jar$/;
const MAX_TEXT_BYTES = 256 * 1024;
const MAX_NESTED_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 2;
const MAX_PACKAGES = 5000;
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
const COORDINATE = /^[A-Za-z0-9._-]+$/;

/** What was found in an archive. */
interface JarContents {
  readonly packages: readonly InventoryPackage[];
  /** Archives that nothing names, by their names in the archive; "" for itself. */
  readonly unnamed: readonly string[];
  /** False where there was more than is read of one archive. */
  readonly isComplete: boolean;
}

/** The packages in an archive, and whether it was read to its end; undefined when it is no zip. */
export async function jarPackages(source: ZipSource, location: TreePath): Promise<JarContents | undefined> {
  const budget: Budget = { packages: MAX_PACKAGES, bytes: MAX_UNPACKED_BYTES };
  const unnamed: string[] = [];
  const packages = await readArchive(source, location, { depth: 0, name: "", budget, unnamed });
  return packages === undefined ? undefined : { packages, unnamed, isComplete: budget.packages > 0 && budget.bytes > 0 };
}

/** For an archive with all that is in it: a few bytes can name themselves many times over. */
interface Budget {
  packages: number;
  bytes: number;
}

/** An archive, perhaps in another one. */
interface ArchivePlace {
  readonly depth: number;
  readonly name: string;
  readonly budget: Budget;
  readonly unnamed: string[];
}

async function readArchive(
  source: ZipSource,
  location: TreePath,
  { depth, name, budget, unnamed }: ArchivePlace,
): Promise<readonly InventoryPackage[] | undefined> {
  const zip = await readZip(source);
  if (zip === undefined) return undefined;
  const read = async (member: ZipMember, maxBytes: number): Promise<Buffer | undefined> => {
    const content = await member.read(Math.min(maxBytes, budget.bytes));
    budget.bytes -= content?.byteLength ?? 0;
    return content;
  };
  const found: InventoryPackage[] = [];
  const nestedPackages: InventoryPackage[] = [];
  let manifest: Buffer | undefined;
  for (const member of zip.members.values()) {
    if (budget.packages <= 0 || budget.bytes <= 0) break;
    if (POM.test(member.name)) {
      const one = pomPackage((await read(member, MAX_TEXT_BYTES))?.toString("utf8") ?? "", location);
      if (one !== undefined) found.push(one);
      budget.packages -= 1;
    } else if (member.name === MANIFEST) manifest = await read(member, MAX_TEXT_BYTES);
    else if (NESTED.test(member.name) && depth < MAX_DEPTH) {
      const nested = await read(member, MAX_NESTED_BYTES);
      const inside = { depth: depth + 1, name: name === "" ? member.name : `${name}!${member.name}`, budget, unnamed };
      if (nested !== undefined) nestedPackages.push(...((await readArchive(zipBytes(nested), location, inside)) ?? []));
      budget.packages -= 1;
    }
  }
  if (found.length === 0 && manifest !== undefined) found.push(...manifestPackage(manifest.toString("utf8"), location));
  const hasContents = zip.members.keys().some((member) => !member.startsWith("META-INF/") && !member.endsWith("/"));
  if (found.length === 0 && hasContents) unnamed.push(name);
  return [...found, ...nestedPackages];
}

function pomPackage(text: string, location: TreePath): InventoryPackage | undefined {
  const field = (name: string): string => new RegExp(`^${name}[ \\t]*=[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  const [group, artifact, version] = [field("groupId"), field("artifactId"), field("version")];
  if (!COORDINATE.test(group) || !COORDINATE.test(artifact) || version === "") return undefined;
  return mavenPackage(group, artifact, version, location);
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
