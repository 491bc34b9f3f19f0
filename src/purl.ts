/** Package URLs (purl-spec, PURL-SPECIFICATION.rst). Pure. */
/** The parts of a package URL, not encoded. */
export interface PurlParts {
  /** "deb", "npm", "oci" … */
  readonly type: string;
  /** Parts of the namespace: "debian", "@types", "github.com/foo". */
  readonly namespace?: string;
  readonly name: string;
  readonly version?: string;
  /** Empty and absent values are left out. */
  readonly qualifiers?: Readonly<Record<string, string | undefined>>;
}

/** "pkg:type/namespace/name@version?qualifiers", each part percent-encoded as the specification says, qualifiers sorted. */
export function formatPurl({ type, namespace, name, version, qualifiers = {} }: PurlParts): string {
  const folders = (namespace ?? "").split("/").filter((part) => part !== "");
  const path = [type, ...[...folders, name].map(encodePart)].join("/");
  const given = Object.entries(qualifiers)
    .flatMap(([key, value]) => (value === undefined || value === "" ? [] : [`${key.toLowerCase()}=${encode(value)}`]))
    .toSorted();
  return `pkg:${path}${version === undefined || version === "" ? "" : `@${encode(version)}`}${given.length === 0 ? "" : `?${given.join("&")}`}`;
}

/** Part of the path: the port of a registry is no separator. */
function encodePart(text: string): string {
  return encode(text).replaceAll(":", "%3A");
}

/** All but letters, digits, ".", "-", "_", "~" and ":" is encoded; colons stay (epochs, digests). */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":");
}
