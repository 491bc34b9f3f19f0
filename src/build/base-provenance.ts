/** Provenance of a distroless base: its packages, and the recipe and lock that make it once more. Without times: the same base says the same. */
import { basename } from "node:path";
import { type AssembledBase, formatLock, isRecipeFile, lockOf, parseBaseName } from "../distroless/index.ts";
import { type Attestation, PROVENANCE_PREDICATES, REPLAY_FIELDS } from "../image/index.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import { baseMaterials, type OpenedBase } from "../project/index.ts";
import { formatPurl } from "../purl.ts";
import { VERSION } from "../version.ts";
import { type BaseRecord, formOf } from "./replay/record.ts";

const BUILD_TYPE = "https://decant.example/base@v1";

/** Of the base that was opened as `name`. */
export function baseProvenance(name: string, { recipe }: OpenedBase, base: AssembledBase, platform: Platform): Attestation {
  const { report } = base;
  const parsed = parseBaseName(name);
  // Paths of this machine are nobody's business.
  const shown = isRecipeFile(parsed.recipe) ? `./${basename(parsed.recipe)}` : parsed.recipe;
  const named = parsed.variant === undefined ? shown : `${shown}:${parsed.variant}`;
  const lock = formatLock(lockOf(recipe, platform.architecture, report));
  return {
    predicateType: PROVENANCE_PREDICATES.v1,
    fileName: "provenance.json",
    predicate: (_layers, output) => {
      const form = formOf(output, undefined);
      const record: BaseRecord = { version: 1, kind: "base", platform: formatPlatform(platform), base: named, lock, form };
      return Promise.resolve({
        buildDefinition: {
          buildType: BUILD_TYPE,
          externalParameters: { base: named, platform: record.platform },
          internalParameters: {},
          resolvedDependencies: baseMaterials(report),
        },
        runDetails: {
          builder: { id: formatPurl({ type: "npm", name: "decant", version: VERSION }) },
          metadata: { [REPLAY_FIELDS.v1]: record },
        },
      });
    },
  };
}
