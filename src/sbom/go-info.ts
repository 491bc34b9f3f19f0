/** The build information that the Go linker writes into programs (package debug/buildinfo, the form of Go 1.18 and later). Pure. */
import type { TreePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import type { InventoryPackage } from "./types.ts";

/** What a program says about itself. */
interface GoInfo {
  /** "go1.22.1" */
  readonly version: string;
  /** Lines of words parted by tabs: "dep	golang.org/x/sys	v0.20.0	h1:…". */
  readonly modules: string;
}

/** "partial": it starts at `at` and more bytes are needed. */
type GoSearch =
  | { readonly kind: "absent" }
  | { readonly kind: "partial"; readonly at: number }
  | { readonly kind: "found"; readonly info: GoInfo };

const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
const FLAGS_AT = 15;
const STRINGS_AT = 32;
const INLINE_STRINGS = 2;
/** Around the modules, to find them in memory. */
const SENTINEL_BYTES = 16;
const MAX_VERSION_BYTES = 256;
const MAX_MODULES_BYTES = 4 * 1024 * 1024;
const MAX_MODULES = 20_000;
const VERSION = /^(?:go\d|devel)/;

/** Looks for build information in a part of a program. The mark alone is not enough: Go's own tools have it in their code. */
export function findGoInfo(bytes: Buffer): GoSearch {
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    const parsed = parseGoInfo(bytes.subarray(at));
    if (parsed === "more") return { kind: "partial", at };
    if (parsed !== undefined) return { kind: "found", info: parsed };
  }
  return { kind: "absent" };
}

function parseGoInfo(bytes: Buffer): GoInfo | "more" | undefined {
  if (bytes.length < STRINGS_AT) return "more";
  if (((bytes[FLAGS_AT] ?? 0) & INLINE_STRINGS) === 0) return undefined;
  const version = sizedString(bytes, STRINGS_AT, MAX_VERSION_BYTES);
  if (version === "more" || version === undefined) return version;
  if (!VERSION.test(version.text)) return undefined;
  const modules = sizedString(bytes, version.end, MAX_MODULES_BYTES);
  if (modules === "more" || modules === undefined) return modules;
  const { text } = modules;
  const isFramed = text.length > 2 * SENTINEL_BYTES && text.at(-SENTINEL_BYTES - 1) === "\n";
  return {
    version: version.text,
    modules: isFramed ? Buffer.from(text.slice(SENTINEL_BYTES, -SENTINEL_BYTES), "latin1").toString("utf8") : "",
  };
}

/** A string after its length as a varint; its bytes as chars. */
function sizedString(bytes: Buffer, at: number, maxBytes: number): { readonly text: string; readonly end: number } | "more" | undefined {
  let length = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next];
    if (byte === undefined) return "more";
    next += 1;
    length += (byte & 0x7f) * 2 ** shift;
    if (length > maxBytes) return undefined;
    if ((byte & 0x80) === 0) break;
    if (shift > 28) return undefined;
  }
  const end = next + length;
  return end > bytes.length ? "more" : { text: bytes.toString("latin1", next, end), end };
}

/** The standard library, the main module and what it was built with. */
export function goPackages({ version, modules }: GoInfo, path: TreePath): readonly InventoryPackage[] {
  const [release = ""] = version.replace(/^go/, "").split(" ");
  const packages: InventoryPackage[] = [{ ...goPackage("stdlib", release, path, []), cpe: `cpe:2.3:a:golang:go:${release}:-:*:*:*:*:*:*` }];
  for (const line of modules.split("\n").slice(0, MAX_MODULES)) {
    const [word, name = "", moduleVersion = ""] = line.split("\t");
    if (name === "" || moduleVersion === "") continue;
    // A module that was replaced is the one that replaced it.
    if (word === "=>") packages.pop();
    if (word === "mod" || word === "dep" || word === "=>")
      packages.push(goPackage(name, moduleVersion, path, word === "mod" ? [path] : []));
  }
  return packages;
}

function goPackage(name: string, version: string, path: TreePath, files: readonly TreePath[]): InventoryPackage {
  const slash = name.lastIndexOf("/");
  // purl-spec wants both in lower case.
  const lower = name.toLowerCase();
  return {
    kind: "golang",
    name,
    version,
    purl: formatPurl({
      type: "golang",
      ...(slash < 0 ? {} : { namespace: lower.slice(0, slash) }),
      name: lower.slice(slash + 1),
      // A main module that was not built from a release.
      ...(version === "(devel)" ? {} : { version }),
    }),
    licences: [],
    files,
    location: path,
    requires: [],
    provides: [],
  };
}
