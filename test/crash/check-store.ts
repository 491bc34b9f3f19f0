/** Is a store sound: does it verify, and can every image that has a name be exported? */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { listImages, saveImages, verifyStore } from "../../src/index.ts";
import { readTar } from "../support/read-tar.ts";

/** What is wrong with it. `folder`: for archives, for a moment. */
export async function storeProblems(root: string, folder: string): Promise<string[]> {
  const env = {};
  const { problems } = await verifyStore({ root, env }).result;
  const found = problems.map(({ kind, id, what }) => `store verify: ${kind} ${id}: ${what}`);
  const names = new Set((await listImages({ root, env })).flatMap(({ name }) => name ?? []));
  const dest = join(folder, "check.tar");
  for (const name of names) {
    try {
      await saveImages({ root, env, images: [name], dest, format: "oci" }).result;
      found.push(...layoutProblems(dest).map((problem) => `the image ${name}: ${problem}`));
    } catch (error) {
      found.push(`the image ${name} cannot be exported: ${String(error)}`);
    }
  }
  rmSync(dest, { force: true });
  return found;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType?: string;
}

/** What is wrong with an OCI layout, a folder or a tar: every descriptor from index.json on leads to its bytes. */
export function layoutProblems(path: string): string[] {
  const { read, problems } = openLayout(path);
  const visit = (document: unknown): void => {
    const { manifests = [], config, layers = [] } = document as { manifests?: Descriptor[]; config?: Descriptor; layers?: Descriptor[] };
    for (const { digest, size, mediaType = "" } of [...manifests, ...(config === undefined ? [] : [config]), ...layers]) {
      const bytes = read(`blobs/${digest.replace(":", "/")}`);
      if (bytes === undefined) problems.push(`${digest} is missing`);
      else if (bytes.byteLength !== size || `sha256:${createHash("sha256").update(bytes).digest("hex")}` !== digest)
        problems.push(`${digest} has other bytes`);
      else if (/(?:manifest|index|list)\.(?:v\d|v\d\+json)|manifest\.v1\+json|image\.index/.test(mediaType))
        visit(JSON.parse(Buffer.from(bytes).toString("utf8")));
    }
  };
  const index = read("index.json");
  if (index === undefined) return ["there is no index.json"];
  visit(JSON.parse(Buffer.from(index).toString("utf8")));
  return problems;
}

function openLayout(path: string): { readonly read: (name: string) => Uint8Array | undefined; readonly problems: string[] } {
  if (statSync(path).isDirectory())
    return { read: (name) => (existsSync(join(path, name)) ? readFileSync(join(path, name)) : undefined), problems: [] };
  const { entries, problems } = readTar(readFileSync(path));
  const files = new Map(entries.map(({ name, content }) => [name, content] as const));
  return { read: (name) => files.get(name), problems };
}
