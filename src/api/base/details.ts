/** An assembled base as facts to show. */
import type { AssembledBase } from "../../distroless/index.ts";
import { given } from "../../given.ts";
import { formatPlatform, type Platform } from "../../oci/index.ts";
import type { OpenedBase } from "../../project/index.ts";
import type { Layer } from "../../tree/index.ts";
import type { BaseDetails, BaseLayer } from "./types.ts";

/** The facts about an assembled base. */
export function baseDetails(opened: OpenedBase, base: AssembledBase, platform: Platform): BaseDetails {
  const { report, config, annotations } = base;
  const [node] = report.node;
  return {
    recipe: report.recipe,
    ...given({ variant: report.variant, description: opened.recipe.description }),
    suite: opened.recipe.suite,
    platform: formatPlatform(platform),
    ...(opened.lock === undefined ? {} : { lockFile: opened.lock.file }),
    cached: report.cached,
    packages: report.packages,
    ...(node === undefined
      ? {}
      : { node: { name: node.name, version: node.version, integrity: node.integrity, signature: node.signature } }),
    releases: report.releases,
    layers: base.layers.map((layer, at) => layerFacts(layer, report.layers[at])),
    config: config.config ?? {},
    annotations,
    support: opened.recipe.support ?? [],
  };
}

function layerFacts({ index, id }: Layer, made: AssembledBase["report"]["layers"][number] | undefined): BaseLayer {
  let unpackedBytes = 0;
  let files = 0;
  for (let at = 0; at < index.count; at += 1) {
    if (index.kind(at) !== "file") continue;
    files += 1;
    unpackedBytes += index.size(at);
  }
  return { diffId: made?.diffId ?? id, createdBy: made?.createdBy ?? "", unpackedBytes, files };
}
