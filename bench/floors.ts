/** Scripts for the floors: what a person would type who has only bare tools, and no cache to keep. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DECANT } from "./builders.ts";
import { contextOf } from "./contexts.ts";
import type { Place } from "./rows.ts";

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

/** Of an image in the registry. */
interface ImageName {
  readonly name: string;
  readonly tag: string;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** Where a floor works. */
export function floorFolder({ folder }: Pick<Place, "folder">): string {
  const path = join(folder, "floor");
  mkdirSync(path, { recursive: true });
  return path;
}

/** Starts Node.js, and does nothing. */
export const BARE_NODE: string = `${JSON.stringify(join(process.cwd(), "node_modules/.bin/node"))} -e 0`;

/** Waits for what runs in the background, and fails when any of it does. */
export const WAIT_ALL: string = "for job in $(jobs -p); do wait $job; done";

/** Looks at every file of a tree. */
export function walk(path: string): string {
  return `find ${path} -printf '%p %s %T@ %m %U %G\\n' | sha256sum >/dev/null`;
}

/** Packs and hashes. `compress`: a filter. */
export function packed(path: string, compress = "cat"): string {
  return `tar -C ${path} -cf - . | ${compress} | tee out.tar | sha256sum >/dev/null; sync -d out.tar`;
}

/** Fetches, checks and unpacks the layers of an image into the folder "root". */
export async function unpacked(registry: string, { name, tag }: ImageName): Promise<string> {
  const { layers } = await manifestOf(registry, { name, tag });
  const one = ({ digest }: Descriptor): string =>
    `curl -sf ${registry}/v2/${name}/blobs/${digest} | tee >(sha256sum >/dev/null) | igzip -d | tar -x -C root`;
  return ["rm -rf root", "mkdir root", ...layers.map(one)].join("\n");
}

/** Uploads files into a registry, all at the same time. */
export function uploaded(registry: string, name: string, files: readonly string[]): string {
  return `${UPLOAD}${files.map((file) => `upload ${registry} ${name} ${file} &`).join("\n")}\n${WAIT_ALL}`;
}

const UPLOAD = `upload() {
  local digest address
  digest=$(sha256sum "$3"); digest=\${digest%% *}
  address=$(curl -sfi -X POST "http://$1/v2/$2/blobs/uploads/" | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
  curl -sf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T "$3" "$address&digest=sha256:$digest"
}
`;

/** Downloads the layers of an image into files, all at the same time. */
export async function downloaded(
  registry: string,
  { name, tag }: ImageName,
): Promise<{ readonly script: string; readonly files: string[] }> {
  const { layers } = await manifestOf(registry, { name, tag });
  const files = layers.map(({ digest }) => digest.slice("sha256:".length));
  return {
    script: `${files.map((file) => `curl -sf -o ${file} ${registry}/v2/${name}/blobs/sha256:${file} &`).join("\n")}\n${WAIT_ALL}`,
    files,
  };
}

/** A file on a base, pushed: one small layer, one configuration, one manifest, and the base's layers mounted. */
export async function pushedBack(place: Place): Promise<string> {
  const { registry, sizes } = place;
  const { name: base, tag } = sizes.base;
  const folder = floorFolder(place);
  const manifest = await manifestOf(registry, sizes.base);
  mkdirSync(join(folder, "small"), { recursive: true });
  writeFileSync(join(folder, "small/a"), `a ${Date.now()}`);
  execFileSync("bash", ["-c", "tar -C small -cf - . | igzip -1 > layer.gz"], { cwd: folder });
  const config = Buffer.from(await (await fetch(`http://${registry}/v2/${base}/blobs/${manifest.config.digest}`)).arrayBuffer());
  writeFileSync(join(folder, "config"), config);
  const made = { ...manifest, layers: [...manifest.layers, blob(join(folder, "layer.gz"), "application/vnd.oci.image.layer.v1.tar+gzip")] };
  writeFileSync(join(folder, "manifest"), JSON.stringify(made));
  const to = `bench/floor-${Date.now()}`;
  return `${UPLOAD}
curl -sf -o /dev/null -H 'Accept: ${MANIFEST}' ${registry}/v2/${base}/manifests/${tag}
curl -sf -o /dev/null ${registry}/v2/${base}/blobs/${manifest.config.digest}
tar -C small -cf - . | igzip -1 > again.gz
${manifest.layers.map(({ digest }) => `curl -sf -o /dev/null -X POST "http://${registry}/v2/${to}/blobs/uploads/?mount=${digest}&from=${base}" &`).join("\n")}
upload ${registry} ${to} layer.gz &
upload ${registry} ${to} config &
${WAIT_ALL}
curl -sf -o /dev/null -X PUT -H 'Content-Type: ${MANIFEST}' --data-binary @manifest ${registry}/v2/${to}/manifests/latest`;
}

function blob(path: string, mediaType: string): Descriptor {
  const bytes = readFileSync(path);
  return { mediaType, size: bytes.byteLength, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

/** Makes bundles for crun: a busybox each of them shares, and one command. Gives the command line that runs it under a name. */
export function bundle(place: Place, name: string, command: string): (id: string) => string {
  const folder = floorFolder(place);
  const rootfs = join(folder, "busybox");
  if (!existsSync(rootfs)) {
    const { context } = contextOf(place.folder, "floor", `FROM ${place.registry}/library/busybox\n`);
    const env = { ...process.env, DECANT_ROOT: join(folder, "store") };
    execFileSync(DECANT, ["build", "--progress=none", "-o", `type=local,dest=${rootfs}`, context], { env, stdio: "ignore" });
  }
  const path = join(folder, `bundle-${name}`);
  mkdirSync(path, { recursive: true });
  if (!existsSync(join(path, "config.json"))) execFileSync("crun", ["spec"], { cwd: path });
  // Made by crun just now.
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as {
    process: object;
    root: object;
    mounts: { type: string }[];
    linux: { namespaces: { type: string }[]; resources?: object };
  };
  // crun knows no way to show cgroups of both versions at once.
  config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
  delete config.linux.resources;
  config.process = { ...config.process, terminal: false, args: ["sh", "-c", command] };
  config.root = { path: rootfs, readonly: false };
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return (id) => `crun --cgroup-manager=disabled run --bundle ${path} decant-floor-${id}`;
}

async function manifestOf(
  registry: string,
  { name, tag }: ImageName,
): Promise<{ readonly config: Descriptor; readonly layers: readonly Descriptor[] }> {
  const accept = [MANIFEST, "application/vnd.oci.image.index.v1+json"].join(", ");
  const response = await fetch(`http://${registry}/v2/${name}/manifests/${tag}`, { headers: { accept } });
  if (!response.ok) throw new Error(`no image ${name}:${tag}: ${response.status}`);
  // Pushed by the benchmark itself.
  const found = (await response.json()) as { config: Descriptor; layers: Descriptor[]; manifests?: Descriptor[] };
  const [first] = found.manifests ?? [];
  return first === undefined ? found : await manifestOf(registry, { name, tag: first.digest });
}
