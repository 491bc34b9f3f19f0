/** Packages in node_modules that only development needs. */
import { formatSize } from "../../../bytes.ts";
import { baseName, displayPath, joinTreePath, parentOf, type TreePath } from "../../../paths.ts";
import { devPackages, packageNameOf } from "../../node-dev-packages.ts";
import type { AuditCheck, AuditFiles } from "../../types.ts";
import { DISTROLESS } from "./findings.ts";

const NODE_MODULES = "node_modules";
/** Inside a package of npm, or of Debian. */
const PACKAGED = /(?:^|\/)node_modules(?:$|\/)|^usr\/(?:share\/nodejs|lib\/nodejs)\//;
const NAMES_SHOWN = 5;
const NAMES_TOLD = 200;

/** The check. */
export const nodeCheck: AuditCheck = {
  group: "distroless",
  async run(_subject, { files, signal }) {
    const findings = [];
    for (const folder of projectFolders(files)) {
      signal?.throwIfAborted();
      const found = await devPackages(folder, files);
      if (found === undefined || found.folders.length === 0) continue;
      const names = found.folders.map(packageNameOf);
      const bytes = bytesBelow(new Set(found.folders), joinTreePath(folder, NODE_MODULES), files);
      const layer = files.layerOf(found.folders[0] ?? folder);
      const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
      findings.push(
        DISTROLESS.found("dev-dependency", {
          path: displayPath(joinTreePath(folder, NODE_MODULES)),
          ...(layer === undefined ? {} : { layer }),
          message: `${names.length} ${names.length === 1 ? "package" : "packages"} that only development needs, ${formatSize(bytes)}: ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`,
          remedy: "Install without them in the stage that is copied: npm ci --omit=dev",
          details: { packages: names.slice(0, NAMES_TOLD), bytes, source: displayPath(found.source) },
        }),
      );
    }
    return findings;
  },
};

/** Folders with a node_modules that is in no other one, and of no package of the distribution. */
function projectFolders({ entries }: AuditFiles): TreePath[] {
  return entries
    .filter(({ kind, path }) => kind === "dir" && baseName(path) === NODE_MODULES && !PACKAGED.test(parentOf(path)))
    .map(({ path }) => parentOf(path));
}

/** Sums files below any of `folders`; all are below `root`. */
function bytesBelow(folders: ReadonlySet<TreePath>, root: TreePath, { entries }: AuditFiles): number {
  let bytes = 0;
  for (const { kind, path, size } of entries) {
    if (kind !== "file" || !path.startsWith(`${root}/`)) continue;
    for (let at = path.indexOf("/", root.length + 1); at >= 0; at = path.indexOf("/", at + 1)) {
      if (!folders.has(path.slice(0, at) as TreePath)) continue;
      bytes += size;
      break;
    }
  }
  return bytes;
}
