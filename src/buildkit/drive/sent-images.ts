/** Images that only this machine has, as blobs that a builder reads from us: bases that Decant assembled, layouts, and images built here. */
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { PreparedBuild } from "../../build/index.ts";
import { imageContext } from "../../context/index.ts";
import { type Digest, hexOf } from "../../digest.ts";
import type { Material } from "../../engine/index.ts";
import { InternalError } from "../../errors.ts";
import { reachable, type SourceOp, type Vertex } from "../../graph/index.ts";
import { exportImage } from "../../image/index.ts";
import { formatPlatform, type Platform } from "../../oci/index.ts";
import { step } from "../../step.ts";
import type { LayerSource } from "../../tree/index.ts";

const IMAGE = "docker-image://";
/** Names that no registry has. */
const OWN = /^docker-image:\/\/(?:distroless|oci-layout)\//;
/** So that equal files are the same image each time. */
const CREATED = "1970-01-01T00:00:00Z";

/** The bases of a graph. */
export interface SentImages {
  /** The manifest that stands for an image which the builder must get from us; undefined for one that it pulls. */
  readonly digestOf: (op: SourceOp, platform: Platform) => Digest | undefined;
  /** What assembled bases are made of. */
  readonly materials: readonly Material[];
  /** The layers of every image of the graph, as they are here. */
  readonly layersOf: (vertex: Vertex) => readonly LayerSource[];
}

/** Writes the blobs of what must be sent into `folder`. Throws as `exportImage`. */
export async function sendImages(build: PreparedBuild, target: Vertex, folder: string): Promise<SentImages> {
  const { images, opened } = build;
  const digests = new Map<string, Digest>();
  const layers = new Map<string, readonly LayerSource[]>();
  const materials: Material[] = [];
  for (const vertex of reachable(target)) {
    const { op, platform, meta } = vertex;
    if (op.kind !== "source" || !op.identifier.startsWith(IMAGE)) continue;
    const result = await images.resolve(op, platform, opened.signal, vertex.id);
    if (result.kind !== "layers") throw new InternalError("an image without layers");
    layers.set(vertex.id, result.layers);
    materials.push(...(result.materials ?? []));
    // What a registry has, the builder pulls by itself.
    const isPulled = !OWN.test(op.identifier) && result.layers.every(({ remote }) => remote !== undefined);
    const key = keyOf(op, platform);
    if (isPulled || digests.has(key)) continue;
    const name = `send ${meta.name}`;
    digests.set(
      key,
      await step(opened.emit, { vertex: name, name }, opened.signal, () =>
        written(build, { layers: result.layers, platform, name, folder }),
      ),
    );
  }
  return {
    digestOf: (op, platform) => digests.get(keyOf(op, platform)),
    materials,
    layersOf: ({ id }) => layers.get(id) ?? [],
  };
}

function keyOf({ identifier }: SourceOp, platform: Platform): string {
  return `${identifier} ${formatPlatform(platform)}`;
}

/** Its configuration says nothing: a builder looks at the files only, and Decant knows the rest. */
async function written(
  { session, opened }: PreparedBuild,
  {
    layers,
    platform,
    name,
    folder,
  }: { readonly layers: readonly LayerSource[]; readonly platform: Platform; readonly name: string; readonly folder: string },
): Promise<Digest> {
  const { signal, emit } = opened;
  await using scratch = await session.store.scratch();
  const image = { platform, config: {}, history: layers.map(() => ({ created: CREATED })), layers, created: CREATED };
  const context = imageContext(session, (event) => event.type !== "result" && emit(event), name, signal);
  const dest = join(scratch.path, "layout");
  const { descriptor } = await exportImage([image], { type: "oci", names: [], tar: false, dest, compression: "uncompressed" }, context);
  if (descriptor === undefined) throw new InternalError("a layout without an image");
  const blobs = join(dest, "blobs", "sha256");
  for (const blob of await readdir(blobs)) await copyFile(join(blobs, blob), join(folder, blob));
  return `sha256:${hexOf(descriptor.digest)}` as Digest;
}
