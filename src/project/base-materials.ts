/** What an assembled base was made of, as materials of provenance: every package with its sum, every npm tarball. */
import type { Material } from "../engine/index.ts";
import type { AssemblyReport } from "../distroless/index.ts";
import { algorithmOf, hexOf } from "../digest.ts";
import { formatPurl } from "../purl.ts";

/** The packages of the report, in its order. */
export function baseMaterials({ packages, node }: Pick<AssemblyReport, "packages" | "node">): readonly Material[] {
  return [
    ...packages.map(({ name, version, architecture, uri, filename, digest }): Material => ({
      uri: formatPurl({
        type: "deb",
        namespace: "debian",
        name,
        version,
        qualifiers: { arch: architecture, download_url: `${uri.replace(/\/$/, "")}/${filename}` },
      }),
      digest: { [algorithmOf(digest)]: hexOf(digest) },
    })),
    ...node.map(({ name, version, digest }): Material => {
      const slash = name.indexOf("/");
      const scope = slash < 0 ? {} : { namespace: name.slice(0, slash) };
      return {
        uri: formatPurl({ type: "npm", ...scope, name: name.slice(slash + 1), version }),
        digest: { [algorithmOf(digest)]: hexOf(digest) },
      };
    }),
  ];
}
