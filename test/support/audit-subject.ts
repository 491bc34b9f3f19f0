/** Subjects of audits without a store: a tree and a configuration. */
import { treePath } from "../../src/paths.ts";
import { makeParents, memoryTree } from "./memory-tree.ts";
import { fileReading } from "../../src/audit/files.ts";
import type { AuditFiles, AuditSubject } from "../../src/audit/types.ts";
import type { ContainerConfig, Platform } from "../../src/oci/index.ts";
import { type Tree } from "../../src/tree/index.ts";

/** A subject without layers, for linux/amd64 unless told. */
export function auditSubject(tree: Tree, config: ContainerConfig = {}, platform?: Platform): AuditSubject {
  return { name: "test", platform: platform ?? { os: "linux", architecture: "amd64" }, config, tree, layers: [], history: [] };
}

/** The files of a tree too big to be walked: `entries` is empty. */
export function unwalkedFiles(tree: Tree): AuditFiles {
  return { entries: [], layerOf: () => undefined, ...fileReading(tree) };
}

/** Files for `auditTree`: a line as in `memoryTree`, or the bytes of an executable file. */
export type AuditTreeSpec = Readonly<Record<string, string | Uint8Array>>;

/** A tree of lines and of files made of bytes. */
export function auditTree(spec: AuditTreeSpec): Tree {
  const lines = Object.entries(spec).flatMap(([path, value]) => (typeof value === "string" ? [[path, value] as const] : []));
  const draft = memoryTree(Object.fromEntries(lines));
  for (const [name, bytes] of Object.entries(spec)) {
    if (typeof bytes === "string") continue;
    const path = treePath(name);
    const plain = { uid: 0, gid: 0, mode: 0o755, mtimeSec: 0, mtimeNsec: 0 };
    makeParents(draft, path);
    draft.put({ ...plain, path, kind: "file", size: bytes.byteLength }, { kind: "bytes", bytes });
  }
  return draft;
}
