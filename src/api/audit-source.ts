/** What can be audited: images of the store, of registries, of OCI layouts, and directories of the host. */
import { lstatSync } from "node:fs";
import { type AuditLayer, type AuditSubject, directorySubject, imageSubject } from "../audit/index.ts";
import { given } from "../given.ts";
import type { OpenedImage } from "../image/index.ts";
import type { HistoryEntry, Platform } from "../oci/index.ts";
import { ROOT, toBytes, type TreePath } from "../paths.ts";
import { hostTree, loadLayers } from "../tree/index.ts";
import { openNamedSource, type SourceContext } from "../project/index.ts";

const CAPABILITIES = "security.capability";

/** Opens what `name` names; see `openNamedSource`. */
export async function openSubject(name: string, context: SourceContext): Promise<AuditSubject> {
  const source = await openNamedSource(name, context);
  if (source.kind === "image") return await openedSubject(name, source.image, context);
  const tree = hostTree(source.path, { xattrs: (xattr) => xattr === CAPABILITIES });
  return directorySubject(name, tree, context.platform, mountsIn(source.path));
}

/** Is a path below `root` the place where another file system is mounted? */
function mountsIn(root: string): (path: TreePath) => boolean {
  const deviceOf = (path: TreePath): number | undefined =>
    lstatSync(Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]), { throwIfNoEntry: false })?.dev;
  const own = deviceOf(ROOT);
  return (path) => {
    const device = deviceOf(path);
    return device !== undefined && device !== own;
  };
}

async function openedSubject(name: string, { config, layers }: OpenedImage, { signal }: SourceContext): Promise<AuditSubject> {
  const loaded = await loadLayers(layers, signal);
  const history = config.history ?? [];
  const told = history.filter((entry) => entry.empty_layer !== true);
  return imageSubject({
    name,
    platform: platformOf(config),
    config: config.config ?? {},
    layers: loaded.map((layer, index): AuditLayer => ({ layer, createdBy: createdBy(told, index, loaded.length) })),
    history,
  });
}

/** Some images have more layers than their history tells of: then nothing certain is known. */
function createdBy(told: readonly HistoryEntry[], index: number, layers: number): string {
  return told.length === layers ? (told[index]?.created_by ?? "") : "";
}

function platformOf({ os, architecture, variant }: OpenedImage["config"]): Platform {
  return { os, architecture, ...given({ variant }) };
}
