/** Subjects of audits without a store: a tree and a configuration. */
import { isDecantError } from "../../src/errors.ts";
import type { AuditFiles, AuditSubject } from "../../src/audit/types.ts";
import type { ContainerConfig, Platform } from "../../src/oci/index.ts";
import { readDataRange, resolvePath, type Tree } from "../../src/tree/index.ts";

/** A subject without layers, for linux/amd64 unless told. */
export function auditSubject(tree: Tree, config: ContainerConfig = {}, platform?: Platform): AuditSubject {
  return { name: "test", platform: platform ?? { os: "linux", architecture: "amd64" }, config, tree, layers: [], history: [] };
}

/** The files of a tree too big to be walked: `entries` is empty. */
export function unwalkedFiles(tree: Tree): AuditFiles {
  const bytes: AuditFiles["bytes"] = async (entry, length, offset = 0) => readDataRange(await tree.data(entry), entry.size, offset, length);
  return {
    entries: [],
    layerOf: () => undefined,
    resolve(path) {
      try {
        return resolvePath(tree, path, { followLast: true }).entry;
      } catch (error) {
        if (isDecantError(error)) return undefined;
        throw error;
      }
    },
    bytes,
    read: async (entry, maxBytes) => (entry.size <= maxBytes ? await bytes(entry, entry.size) : undefined),
  };
}
