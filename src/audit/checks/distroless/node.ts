/** Packages in node_modules that only development needs. */
import { formatSize } from "../../../bytes.ts";
import { developmentPackages, isProjectModules, type PackageFiles } from "../../../facts/index.ts";
import { given } from "../../../given.ts";
import { displayPath, parentOf } from "../../../paths.ts";
import type { AuditCheck, AuditFiles } from "../../types.ts";
import { sizeFinder } from "../../size-below.ts";
import { DISTROLESS } from "./findings.ts";

const NAMES_SHOWN = 5;
const NAMES_TOLD = 200;

/** The check. */
export const nodeCheck: AuditCheck = {
  group: "distroless",
  async run(_subject, { files, signal }) {
    const findings = [];
    const packages = packageFiles(files);
    for (const { kind, path } of files.entries) {
      if (kind !== "dir" || !isProjectModules(path)) continue;
      signal?.throwIfAborted();
      const found = await developmentPackages(parentOf(path), packages);
      if (found === undefined) continue;
      const { names, sizeBytes } = found;
      const layer = files.layerOf(found.folder);
      const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
      findings.push(
        DISTROLESS.found("dev-dependency", {
          path: displayPath(path),
          ...given({ layer }),
          message: `${names.length} ${names.length === 1 ? "package" : "packages"} that only development needs, ${formatSize(sizeBytes)}: ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`,
          remedy: "Leave them out in the stage that you copy from: npm ci --omit=dev",
          details: { packages: names.slice(0, NAMES_TOLD), bytes: sizeBytes, source: displayPath(found.source) },
        }),
      );
    }
    return findings;
  },
};

function packageFiles(files: AuditFiles): PackageFiles {
  return {
    resolve: (path) => files.resolve(path),
    sizeBelow: sizeFinder(files.entries),
    async read(path, maxBytes) {
      const entry = files.resolve(path);
      return entry === undefined ? undefined : await files.read(entry, maxBytes);
    },
  };
}
