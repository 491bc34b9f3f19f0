/** Archives of images, as `decant load` takes them: a layout or docker's form in a tar, read into a store. Blobs have their right digests. */
import { sha256 } from "../../../src/digest.ts";
import { tarFiles } from "../../../src/image/archive-files.ts";
import { loadArchive } from "../../../src/image/load-archive.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../../../src/oci/index.ts";
import type { Random } from "../../fuzz/random.ts";
import { tarOf, type TarMember } from "../../support/archive.ts";
import { inPieces, jsonLike } from "../make.ts";
import type { Target } from "../types.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;
const LAYER = tarOf([{ path: "a", content: "x" }]);
const CONFIG = {
  ...PLATFORM,
  config: { Cmd: ["x"] },
  rootfs: { type: "layers", diff_ids: [sha256(LAYER)] },
  history: [{ created_by: "x" }],
};

function archive(random: Random): Buffer {
  const members: TarMember[] = [];
  const odd = (value: unknown): Buffer => jsonLike(random, value, random.chance(0.7) ? 0 : 1);
  const blob = (bytes: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    const digest = sha256(bytes);
    if (random.chance(0.97)) members.push({ path: `blobs/${digest.replace(":", "/")}`, content: bytes });
    return { mediaType, digest, size: bytes.byteLength };
  };
  const layer = blob(LAYER, OCI_LAYER);
  const config = blob(odd(CONFIG), OCI_CONFIG);
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  const image = blob(odd(random.chance(0.2) ? { ...manifest, subject: layer } : manifest), OCI_MANIFEST);
  const inner = blob(odd({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...image, platform: PLATFORM }, image] }), OCI_INDEX);
  const named = { "org.opencontainers.image.ref.name": "a", "io.containerd.image.name": "docker.io/library/a:1" };
  const tops = [{ ...random.pick([image, inner]), annotations: named }, ...(random.chance(0.3) ? [inner] : [])];
  const path = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  if (random.chance(0.7)) members.push({ path: "index.json", content: odd({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: tops }) });
  if (random.chance(0.5)) {
    const docker = { Config: path(config.digest), RepoTags: ["a:1", "../b:2"], Layers: [path(layer.digest)] };
    members.push({ path: "manifest.json", content: odd([docker, docker]) });
  }
  if (random.chance(0.1)) members.push({ path: "index.json", type: "symlink", link: random.pick(["index.json", "../x", "manifest.json"]) });
  return tarOf(members);
}

export const ARCHIVES: Target = {
  name: "archives",
  generate: archive,
  async check(input, lab) {
    const store = await lab.store();
    const files = await tarFiles(store, inPieces(input, lab.random), "a.tar");
    const registry = (): Promise<never> => Promise.reject(new Error("an archive needs no registry"));
    const { signal } = new AbortController();
    await loadArchive({ store, registry, emit: () => undefined, vertex: "load", signal }, files, PLATFORM);
  },
};
