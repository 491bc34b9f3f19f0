/**
 * A container daemon for tests: Docker's Engine API on a socket, with the three ways in which daemons keep layers. It takes archives as the real ones
 * were seen to do (dockerd 28.5 with both stores, podman 4.3), and says what it was asked.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import { sha256 } from "../../src/digest.ts";
import { readTar } from "./read-tar.ts";

/** How it keeps layers: by their place in the chain of diffIds, by the digest of the blob, or by either digest. */
type FakeKind = "graphdriver" | "containerd" | "podman";

interface FakeImage {
  readonly id: string;
  readonly names: Set<string>;
  readonly diffIds: readonly string[];
}

/** A running daemon. */
export interface FakeDaemon extends AsyncDisposable {
  /** "unix:///…/daemon.sock". */
  readonly address: string;
  readonly images: readonly FakeImage[];
  /** "METHOD /path", one for each request but pings. */
  log(): string[];
  /** The names of the blobs of each archive that came, as the digests of layers among `of`. */
  readonly archives: readonly (readonly string[])[];
  /** Forgets its layers, and tells of its images all the same: as when another client deletes between two questions. */
  loseLayers(): void;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** Starts one in the folder `dir`. */
export async function startFakeDaemon(dir: string, kind: FakeKind): Promise<FakeDaemon> {
  const images: FakeImage[] = [];
  const blobs = new Set<string>();
  const chains = new Set<string>();
  const archives: string[][] = [];
  const log: string[] = [];
  const path = join(dir, `${kind}.sock`);

  const load = (tar: Buffer): string => {
    const files = new Map(readTar(tar).entries.map(({ name, content }) => [name, content]));
    const json = <Value>(name: string): Value => JSON.parse(files.get(name)?.toString("utf8") ?? "null") as Value;
    const bare = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
    archives.push(
      [...files.keys()].filter((name) => name.startsWith("blobs/sha256/")).map((name) => name.replace("blobs/sha256/", "sha256:")),
    );
    const index = json<{ manifests: { digest: string; annotations?: Record<string, string> }[] }>("index.json");
    const top = index.manifests[0]?.digest ?? "";
    if (kind === "podman" && index.manifests.length > 1) return JSON.stringify({ error: "more than one image in oci, choose an image" });
    // Of an index, the image; containerd keeps what is said of it, too.
    const document = json<Manifest & { readonly manifests?: readonly { readonly digest: string }[] }>(bare(top));
    const manifest = document.manifests === undefined ? document : json<Manifest>(bare(document.manifests[0]?.digest ?? ""));
    const { rootfs } = json<{ rootfs: { diff_ids: string[] } }>(bare(manifest.config.digest));
    for (const [at, { digest }] of manifest.layers.entries()) {
      const chain = rootfs.diff_ids.slice(0, at + 1).join();
      const bytes = files.get(bare(digest));
      if (bytes !== undefined && sha256(bytes) !== digest) return JSON.stringify({ error: `bad blob ${digest}` });
      const isThere =
        kind === "graphdriver" ? chains.has(chain) : blobs.has(digest) || (kind === "podman" && blobs.has(rootfs.diff_ids[at] ?? ""));
      if (bytes === undefined && !isThere) {
        if (kind !== "containerd") return JSON.stringify({ errorDetail: {}, error: `open ${bare(digest)}: no such file or directory` });
        images.push({ id: top, names: new Set(), diffIds: [] });
        return JSON.stringify({ stream: `Error unpacking image: content digest ${digest}: not found` });
      }
      chains.add(chain);
      blobs.add(digest);
      blobs.add(rootfs.diff_ids[at] ?? "");
    }
    const id = kind === "containerd" ? top : manifest.config.digest;
    const names = index.manifests.flatMap(({ annotations = {} }) => annotations["io.containerd.image.name"] ?? []);
    const at = images.findIndex((image) => image.id === id);
    const known = at < 0 ? new Set<string>() : (images[at]?.names ?? new Set<string>());
    const image = { id, names: new Set([...known, ...names]), diffIds: rootfs.diff_ids };
    if (at < 0) images.push(image);
    else images[at] = image;
    return JSON.stringify({ stream: `Loaded image: ${names.join()}` });
  };

  const shown = ({ id, names, diffIds }: FakeImage): unknown => ({
    Id: id,
    RepoTags: [...names].map((name) => name.replace("docker.io/library/", "")),
    Created: 1,
    RootFS: { Type: "layers", Layers: diffIds },
  });
  const answer = (method: string, url: URL, body: Buffer): { readonly status: number; readonly text: string } => {
    const [, name, what] = /^\/images\/(.+)\/(json|tag)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const image = images.find(({ id }) => id === name);
    if (url.pathname === "/_ping") return { status: 200, text: "OK" };
    if (url.pathname === "/info")
      return {
        status: 200,
        text: JSON.stringify({ DriverStatus: kind === "containerd" ? [["driver-type", "io.containerd.snapshotter.v1"]] : [] }),
      };
    if (url.pathname === "/images/json") return { status: 200, text: JSON.stringify(images.map(shown)) };
    if (url.pathname === "/images/load" && method === "POST") return { status: 200, text: `${load(body)}\r\n` };
    if (image === undefined) return { status: 404, text: JSON.stringify({ message: "No such image" }) };
    if (what === "json") return { status: 200, text: JSON.stringify(shown(image)) };
    image.names.add(`${url.searchParams.get("repo")}:${url.searchParams.get("tag")}`);
    return { status: 201, text: "" };
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://daemon");
      if (url.pathname !== "/_ping") log.push(`${request.method} ${decodeURIComponent(url.pathname)}`);
      const { status, text } = answer(request.method ?? "", url, Buffer.concat(chunks));
      response.writeHead(status, kind === "podman" ? { "libpod-api-version": "4.3.1" } : {}).end(text);
    });
  });
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    images,
    archives,
    log: () => log.splice(0),
    loseLayers() {
      blobs.clear();
      chains.clear();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
