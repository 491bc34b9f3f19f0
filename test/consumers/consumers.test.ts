/**
 * F2: every kind of image that Decant writes, in the hands of the tools that read images: `npm run test:consumers`. Each tool pulls from a real
 * docker-registry, or reads a layout or an archive, and what it unpacks runs, or is looked at. dockerd: test/peers. oras is not in Debian 12.
 */
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { sha256 } from "../../src/digest.ts";
import type { Descriptor } from "../../src/oci/index.ts";
import { type BuildOptions, generateKeyPair, type OutputSpec, signImage } from "../../src/index.ts";
import { addBusybox, workshop, type Workshop } from "../support/build.ts";
import { buildah, type Containerd, podman, PODMAN_RUN, run, skopeo, startContainerd, type Tool } from "../support/consumers.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";

const SCRIPT = "ls /dir; test ! -e /gone && stat -c '%u %g %a' /owned; echo $WORD; pwd";
const TAIL = `COPY --chown=1000:1001 --chmod=4750 message /owned
ENV PATH=/bin WORD=hello
LABEL a=b
WORKDIR /w
CMD ["sh", "-c", ${JSON.stringify(SCRIPT)}]
`;
/** With whiteouts, an opaque directory, and a layer without files. */
const STEPS = `FROM scratch
COPY busybox /
RUN mkdir /dir /gone && echo old > /dir/old && echo soon > /gone/file
RUN rm -r /gone /dir && mkdir /dir && echo new > /dir/new
RUN true
${TAIL}`;
/** For platforms that cannot run here. */
const COPIES = `FROM scratch\nCOPY busybox /\nCOPY dir /dir\n${TAIL}`;
const DISTROLESS = `FROM base\nCOPY busybox/bin /bin\nCOPY dir /dir\n${TAIL}`;
const SAYS = "new\n1000 1001 4750\nhello\n/w\n";

interface Row {
  readonly name: string;
  readonly tag: string;
  readonly dockerfile?: string;
  readonly options?: Partial<BuildOptions>;
  readonly output?: object;
  readonly signed?: boolean;
  /** Why umoci 0.4.7 does not unpack it, in its own words. */
  readonly umociSays?: RegExp;
  /** skopeo 1.9 keeps no digests of these in an OCI layout, and finds none there. */
  readonly isDocker?: boolean;
}

const BOTH = ["linux/amd64", "linux/arm64"];
const SAID: Partial<BuildOptions> = { provenance: { mode: "max" }, sbom: {} };
const levels = ["index", "index-descriptor", "manifest", "manifest-descriptor"] as const;

/** It takes one platform only, and an attestation counts as one. */
const AMBIGUOUS = /tag is ambiguous/;
/** It knows no media types but OCI's of version 1.0. */
const UNKNOWN_TYPE = /not implemented: application\/vnd\.docker|blob is not correct mediatype: .*zstd/;

const rows: readonly Row[] = [
  { name: "one platform, with whiteouts, an opaque directory and an empty layer", tag: "plain" },
  { name: "two platforms", tag: "two", dockerfile: COPIES, options: { platforms: BOTH }, umociSays: AMBIGUOUS },
  {
    name: "two platforms with attestations that are artifacts",
    tag: "said",
    dockerfile: COPIES,
    options: { platforms: BOTH, ...SAID },
    umociSays: AMBIGUOUS,
  },
  {
    name: "attestations that are images of an unknown platform",
    tag: "older",
    options: SAID,
    output: { ociArtifact: false },
    umociSays: AMBIGUOUS,
  },
  { name: "zstd layers", tag: "zstd", output: { compression: "zstd" }, umociSays: UNKNOWN_TYPE },
  { name: "estargz layers", tag: "estargz", output: { compression: "estargz" } },
  { name: "uncompressed layers", tag: "bare", output: { compression: "uncompressed" } },
  { name: "Docker's media types", tag: "docker", output: { ociMediaTypes: false }, umociSays: UNKNOWN_TYPE, isDocker: true },
  {
    name: "two platforms of Docker's media types",
    tag: "list",
    dockerfile: COPIES,
    options: { platforms: BOTH },
    output: { ociMediaTypes: false },
    umociSays: UNKNOWN_TYPE,
    isDocker: true,
  },
  {
    name: "annotations of every level",
    tag: "noted",
    umociSays: AMBIGUOUS,
    dockerfile: COPIES,
    options: { platforms: BOTH, annotations: levels.map((level) => ({ level, key: "a.b", value: level })) },
  },
  { name: "a signature", tag: "signed", signed: true },
  {
    name: "a distroless base",
    tag: "distroless",
    dockerfile: DISTROLESS,
    options: { buildContexts: { base: "distroless:static-debian12" } },
  },
];

describe("F2: consumers", () => {
  const folder = mkdtempSync(join(tmpdir(), "decant-consumers-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const tools = { podman: podman(folder), buildah: buildah(folder) };
  const digests = new Map<string, string | undefined>();
  let shop: Workshop;
  let registry: DockerRegistry;
  let containerd: Containerd;
  let ctr: Tool;

  before(async () => {
    registry = stack.use(await startDockerRegistry(folder));
    containerd = stack.use(await startContainerd(folder));
    ({ ctr } = containerd);
    shop = stack.use(workshop());
    addBusybox(shop);
    shop.write({ message: "message", "dir/new": "new" });
  });
  after(async () => {
    await tools.buildah("rm", "--all").catch(() => "");
    await stack.disposeAsync();
  });

  const nameOf = ({ tag }: Row): string => `${registry.host}/team/${tag}:v1`;
  const layoutOf = ({ tag }: Row): string => join(folder, `layout-${tag}`);
  const archiveOf = ({ tag }: Row): string => join(folder, `${tag}.tar`);

  async function build(row: Row): Promise<void> {
    const { dockerfile = STEPS, options, output } = row;
    const outputs = [
      { type: "registry", names: [nameOf(row)], ...output },
      { type: "oci", dest: layoutOf(row), tar: false, names: [nameOf(row)], ...output },
      { type: "oci", dest: archiveOf(row), tar: true, names: [nameOf(row)], ...output },
    ] as readonly OutputSpec[];
    const { result } = await shop.build(dockerfile, { outputs, ...options });
    digests.set(row.tag, result.outputs[0]?.descriptor?.digest);
    if (row.signed !== true) return;
    const pair = await generateKeyPair({ password: "" });
    writeFileSync(join(folder, "cosign.key"), pair.privateKey);
    const env = { COSIGN_PASSWORD: "" };
    await signImage({ root: shop.root, env, image: `docker://${nameOf(row)}`, key: "cosign.key", cwd: folder }).result;
  }

  const consumers: Readonly<Record<string, (row: Row) => Promise<void>>> = {
    async "skopeo inspects and copies with all its digests"(row) {
      const name = nameOf(row);
      const at = `docker://${name}`;
      assert.equal(sha256(await skopeo("inspect", "--tls-verify=false", "--raw", at)), digests.get(row.tag));
      assert.match(await skopeo("inspect", "--tls-verify=false", "--config", at), /"WORD=hello"/);
      const copy = join(folder, `skopeo-${row.tag}`);
      const keep = ["--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"];
      if (row.isDocker === true) {
        await skopeo("copy", ...keep, at, `dir:${copy}`);
        return assert.equal(sha256(readFileSync(join(copy, "manifest.json"))), digests.get(row.tag));
      }
      await skopeo("copy", ...keep, at, `oci:${copy}:v1`);
      assert.ok(existsSync(join(copy, "blobs", digests.get(row.tag)?.replace(":", "/") ?? "none")));
      for (const [kind, path] of [
        ["oci", layoutOf(row)],
        ["oci-archive", archiveOf(row)],
      ] as const) {
        const to = `${registry.host}/from-${kind}/${row.tag}:v1`;
        await skopeo("copy", ...keep, `${kind}:${path}:v1`, `docker://${to}`);
        assert.equal(sha256(await skopeo("inspect", "--tls-verify=false", "--raw", `docker://${to}`)), digests.get(row.tag));
      }
    },
    async "umoci unpacks the layout, or says why it cannot"(row) {
      const bundle = join(folder, `umoci-${row.tag}`);
      const unpacking = run("umoci", "unpack", "--image", `${layoutOf(row)}:v1`, bundle);
      if (row.umociSays !== undefined) return await assert.rejects(unpacking, row.umociSays);
      await unpacking;
      assertUnpacked(join(bundle, "rootfs"));
    },
    async "podman pulls and runs it, and loads the archive"(row) {
      await tools.podman("pull", "--quiet", "--tls-verify=false", nameOf(row));
      assert.equal(await tools.podman("run", ...PODMAN_RUN, nameOf(row)), SAYS);
      await tools.podman("rmi", "--force", nameOf(row));
      await tools.podman("load", "--quiet", "--input", archiveOf(row));
      assert.equal(await tools.podman("run", ...PODMAN_RUN, "--pull=never", nameOf(row)), SAYS);
      await tools.podman("rmi", "--force", nameOf(row));
    },
    async "buildah pulls and runs it"(row) {
      const container = (await tools.buildah("from", "--quiet", "--tls-verify=false", nameOf(row))).trim();
      // chroot isolation may lose the last bytes of a standard output.
      await tools.buildah("run", "--isolation", "chroot", container, "--", "sh", "-c", `(${SCRIPT}) > /said`);
      assert.equal(readFileSync(join((await tools.buildah("mount", container)).trim(), "said"), "utf8"), SAYS);
      await tools.buildah("rm", container);
    },
    async "containerd pulls and runs it, and imports the archive"(row) {
      const name = nameOf(row);
      const started = ["run", "--rm", "--snapshotter", "native", name];
      await ctr("images", "pull", "--plain-http", "--snapshotter", "native", name);
      assert.equal(await ctr(...started, `pulled-${row.tag}`), SAYS);
      await ctr("images", "rm", "--sync", name);
      await ctr("images", "import", "--snapshotter", "native", archiveOf(row));
      assert.equal(await ctr(...started, `imported-${row.tag}`), SAYS);
      await ctr("images", "rm", "--sync", name);
    },
  };

  for (const row of rows) {
    describe(row.name, () => {
      before(() => build(row));
      for (const [name, use] of Object.entries(consumers)) {
        it(name, () => use(row));
      }
    });
  }

  it("docker archives: podman loads and runs one, skopeo copies it, containerd imports it", async () => {
    const dest = join(folder, "docker-archive.tar");
    const name = `${registry.host}/archive:v1`;
    for (const ociMediaTypes of [true, false]) {
      await shop.build(STEPS, { outputs: [{ type: "docker", dest, names: [name], ociMediaTypes }] });
      await tools.podman("load", "--quiet", "--input", dest);
      assert.equal(await tools.podman("run", ...PODMAN_RUN, "--pull=never", name), SAYS);
      await tools.podman("rmi", "--force", name);
      await skopeo("copy", `docker-archive:${dest}`, `dir:${join(folder, `from-archive-${ociMediaTypes}`)}`);
      await ctr("images", "import", "--snapshotter", "native", dest);
      assert.equal(await ctr("run", "--rm", "--snapshotter", "native", name, `archive-${ociMediaTypes}`), SAYS);
      await ctr("images", "rm", "--sync", name);
    }
  });

  it("F4: --load into containerd keeps attestations, also when it collects garbage", async () => {
    const env = { PATH: process.env["PATH"], CONTAINERD_ADDRESS: containerd.address };
    const names = ["docker.io/library/kept:v1", "docker.io/library/removed:v1"];
    const digests = [];
    for (const name of names) {
      const dockerfile = `FROM scratch\nCOPY message /message\nLABEL name=${name}\n`;
      const outputs = [{ type: "docker", names: [name], into: "containerd" }] as const;
      const { result, events } = await shop.build(dockerfile, { outputs, env, provenance: { mode: "max" }, sbom: {} });
      assert.deepEqual(
        events.filter(({ type }) => type === "warning"),
        [],
      );
      digests.push(result.outputs[0]?.descriptor?.digest ?? assert.fail("no digest"));
    }
    await ctr("images", "rm", "--sync", names[1] ?? "");
    const there = new Set((await ctr("content", "ls", "--quiet")).split("\n"));
    const read = async (digest: string): Promise<{ readonly manifests?: readonly Descriptor[]; readonly layers?: readonly Descriptor[] }> =>
      JSON.parse(await ctr("content", "get", digest));
    const { manifests = [] } = await read(digests[0] ?? "");
    assert.equal(manifests.length, 2);
    for (const { digest } of manifests)
      for (const layer of (await read(digest)).layers ?? []) assert.ok(there.has(layer.digest), layer.digest);
    assert.equal(there.has(digests[1] ?? ""), false);
  });

  it("an image without layers is pulled by all", async () => {
    const name = `${registry.host}/none:v1`;
    await shop.build("FROM scratch\nLABEL a=b\n", { outputs: [{ type: "registry", names: [name] }] });
    assert.match(await skopeo("inspect", "--tls-verify=false", `docker://${name}`), /"Labels": \{\s*"a": "b"/);
    await tools.podman("pull", "--quiet", "--tls-verify=false", name);
    await tools.buildah("rm", (await tools.buildah("from", "--quiet", "--tls-verify=false", name)).trim());
    await ctr("images", "pull", "--plain-http", "--snapshotter", "native", name);
  });
});

/** Owners, modes and whiteouts are as the image says. */
function assertUnpacked(root: string): void {
  assert.equal(readFileSync(join(root, "dir/new"), "utf8").trim(), "new");
  assert.deepEqual([existsSync(join(root, "dir/old")), existsSync(join(root, "gone"))], [false, false]);
  const { uid, gid, mode } = lstatSync(join(root, "owned"));
  assert.deepEqual([uid, gid, mode & 0o7777], [1000, 1001, 0o4750]);
}
