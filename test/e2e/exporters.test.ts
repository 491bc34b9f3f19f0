/** Outputs in the hands of those who will read them: skopeo, umoci, docker, a real registry, and the validator. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { collect } from "../../src/bytes.ts";
import { sha256 } from "../../src/digest.ts";
import { isDecantError } from "../../src/errors.ts";
import { contentsOf } from "../../src/facts/index.ts";
import { exportImage, importRootfs, loadImage, pullImage, pushImage } from "../../src/image/index.ts";
import type { BuiltImage, ExportContext, OutputSpec } from "../../src/image/index.ts";
import { DOCKER_LAYER_GZIP, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from "../../src/oci/index.ts";
import { openStore } from "../../src/store/index.ts";
import { gzipEncoder, layerTree } from "../../src/tree/index.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { type ExporterUnderTest, exporterSuite } from "../support/exporter-suite.ts";
import { type ImageFixture, openImageFixture } from "../support/image-fixture.ts";
import { validateImage } from "../support/validate-image.ts";

const NAMES = ["app:1"];
const PLATFORM = { os: "linux", architecture: "amd64" };

/** A suite's exporter that writes `output` to a file or folder of the fixture. */
function writer(name: string, output: (dest: string) => OutputSpec, layerMediaType: string): ExporterUnderTest {
  return {
    name,
    layerMediaType,
    async export(fixture, image, options) {
      const layout = join(fixture.dir, "out");
      return { result: await exportImage([image], output(layout), fixture.context(options)), layout };
    },
  };
}

exporterSuite(writer("type=oci", (dest) => ({ type: "oci", dest, tar: true, names: NAMES }), OCI_LAYER_GZIP));
exporterSuite(writer("type=oci,tar=false", (dest) => ({ type: "oci", dest, tar: false, names: NAMES }), OCI_LAYER_GZIP));
exporterSuite(
  writer("type=oci,compression=zstd", (dest) => ({ type: "oci", dest, tar: true, names: NAMES, compression: "zstd" }), OCI_LAYER_ZSTD),
);
exporterSuite({
  ...writer(
    "F.2: type=oci,compression=estargz",
    (dest) => ({ type: "oci", dest, tar: true, names: NAMES, compression: "estargz" }),
    OCI_LAYER_GZIP,
  ),
  added: [".no.prefetch.landmark", "stargz.index.json"],
});
exporterSuite(writer("F.2: type=docker,tar=false", (dest) => ({ type: "docker", dest, tar: false, names: NAMES }), OCI_LAYER_GZIP));
exporterSuite(
  writer(
    "type=oci,compression=uncompressed",
    (dest) => ({ type: "oci", dest, tar: true, names: NAMES, compression: "uncompressed" }),
    OCI_LAYER,
  ),
);
exporterSuite(writer("L6: type=docker", (dest) => ({ type: "docker", dest, names: NAMES }), OCI_LAYER_GZIP));
exporterSuite(
  writer(
    "L6: type=docker,oci-mediatypes=false",
    (dest) => ({ type: "docker", dest, names: NAMES, ociMediaTypes: false }),
    DOCKER_LAYER_GZIP,
  ),
);
exporterSuite(
  writer(
    "L6: type=oci,oci-mediatypes=false",
    (dest) => ({ type: "oci", dest, tar: true, names: NAMES, ociMediaTypes: false }),
    DOCKER_LAYER_GZIP,
  ),
);
exporterSuite({
  name: "type=image",
  layerMediaType: OCI_LAYER,
  async export(fixture, image, options) {
    const result = await exportImage([image], { type: "image", names: NAMES, push: false }, fixture.context(options));
    return { result, layout: await layoutOfStored(fixture, join(fixture.dir, "copy")) };
  },
});

/** The stored image "app:1" as a layout, blob by blob. */
async function layoutOfStored(fixture: ImageFixture, to: string): Promise<string> {
  const { descriptor, manifest } = await loadImage(fixture.store, NAMES[0] ?? "", PLATFORM);
  await mkdir(join(to, "blobs", "sha256"), { recursive: true });
  for (const { digest } of [descriptor, manifest.config, ...manifest.layers]) {
    await copyFile(fixture.store.blobs.path(digest), join(to, "blobs", digest.replace(":", "/")));
  }
  await writeFile(join(to, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(to, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  return to;
}

function skopeo(...args: readonly string[]): string {
  return execFileSync("skopeo", ["--insecure-policy", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("skopeo reads the archives and the directory, and finds the name", async () => {
  await using fixture = await openImageFixture();
  const ctx = fixture.context();
  const at = (name: string): string => join(fixture.dir, name);
  await exportImage([fixture.image], { type: "oci", dest: at("oci.tar"), tar: true, names: NAMES }, ctx);
  await exportImage([fixture.image], { type: "oci", dest: at("oci"), tar: false, names: NAMES }, ctx);
  await exportImage([fixture.image], { type: "docker", dest: at("docker.tar"), names: NAMES }, ctx);
  for (const source of [`oci-archive:${at("oci.tar")}:1`, `oci:${at("oci")}:1`, `docker-archive:${at("docker.tar")}:app:1`]) {
    assert.match(skopeo("inspect", "--config", source), /"Entrypoint": \[\s*"\/app\/main"/, source);
    const copy = join(fixture.dir, source.slice(0, source.indexOf(":")));
    skopeo("copy", source, `oci:${copy}-copy:1`);
    assert.deepEqual(validateImage(`${copy}-copy`).problems, [], source);
  }
});

test("umoci unpacks the layout with its owners, modes and whiteouts", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("owners need root");
  await using fixture = await openImageFixture();
  const layout = join(fixture.dir, "oci");
  await exportImage([fixture.image], { type: "oci", dest: layout, tar: false, names: NAMES }, fixture.context());
  const bundle = join(fixture.dir, "bundle");
  execFileSync("umoci", ["unpack", "--image", `${layout}:1`, bundle], { stdio: "pipe" });
  const main = await stat(join(bundle, "rootfs", "app", "main"));
  assert.deepEqual([main.uid, main.gid, main.mode & 0o7777], [1000, 1000, 0o4755]);
  assert.deepEqual((await readdir(join(bundle, "rootfs"))).toSorted(), ["app", "bin", "etc"]);
});

test("type=oci,tar=false touches only what changed and keeps other images", async () => {
  await using fixture = await openImageFixture();
  const dest = join(fixture.dir, "oci");
  const write = (image: BuiltImage, name: string) =>
    exportImage([image], { type: "oci", dest, tar: false, names: [name] }, fixture.context());
  await write(fixture.image, "app:1");
  await write({ ...fixture.image, config: { User: "other" } }, "other:2");
  const inodes = async (): Promise<string[]> => {
    const names = (await readdir(dest, { recursive: true, withFileTypes: true })).map((entry) => join(entry.parentPath, entry.name));
    return Promise.all(names.toSorted().map(async (path) => `${path} ${(await stat(path)).ino}`));
  };
  const before = await inodes();
  await write(fixture.image, "app:1");
  assert.deepEqual(await inodes(), before);

  await write({ ...fixture.image, config: { User: "changed" } }, "app:1");
  assert.match(skopeo("inspect", "--config", `oci:${dest}:1`), /"User": "changed"/);
  assert.match(skopeo("inspect", "--config", `oci:${dest}:2`), /"User": "other"/);
  assert.deepEqual(indexNames(await readFile(join(dest, "index.json"), "utf8")), ["docker.io/library/app:1", "docker.io/library/other:2"]);
});

function indexNames(text: string): string[] {
  return [...text.matchAll(/"io\.containerd\.image\.name":"([^"]+)"/g)].map((match) => match[1] ?? "");
}

test("type=tar and type=local give the merged files", async () => {
  await using fixture = await openImageFixture();
  const tar = join(fixture.dir, "files.tar");
  const folder = join(fixture.dir, "files");
  await exportImage([fixture.image], { type: "tar", dest: tar }, fixture.context());
  await mkdir(folder);
  await writeFile(join(folder, "mine"), "stays");
  await exportImage([fixture.image], { type: "local", dest: folder }, fixture.context());
  const listed = execFileSync("tar", ["-tf", tar], { encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(listed.filter((name) => !name.endsWith("/")).toSorted(), ["app/main", "bin/sh", "etc/motd", "etc/name", "etc/second"]);
  assert.deepEqual((await readdir(folder)).toSorted(), ["app", "bin", "etc", "mine"]);
  assert.equal(await readFile(join(folder, "etc", "second"), "utf8"), "hello\n");
});

test('dest "-" streams the archive', async () => {
  await using fixture = await openImageFixture();
  const chunks: Uint8Array[] = [];
  const ctx = fixture.context({ stdout: async (chunk) => void chunks.push(Buffer.from(chunk)) });
  const result = await exportImage([fixture.image], { type: "oci", dest: "-", tar: true, names: [] }, ctx);
  assert.equal(result.path, undefined);
  const dest = join(fixture.dir, "streamed.tar");
  await writeFile(dest, Buffer.concat(chunks));
  assert.deepEqual(validateImage(dest).problems, []);
});

const hostile: { name: string; output: (dir: string) => OutputSpec; code: string; want: RegExp }[] = [
  {
    name: "an invalid name",
    output: (dir) => ({ type: "oci", dest: `${dir}/x`, tar: true, names: ["App"] }),
    code: "REFERENCE",
    want: /upper-case/,
  },
  {
    name: "a missing folder",
    output: (dir) => ({ type: "oci", dest: `${dir}/a/b`, tar: true, names: [] }),
    code: "EXPORT",
    want: /does not exist/,
  },
  { name: "a folder for a file", output: (dir) => ({ type: "tar", dest: dir }), code: "EXPORT", want: /is a directory/ },
  {
    name: "a file for a folder",
    output: (dir) => ({ type: "oci", dest: `${dir}/file`, tar: false, names: [] }),
    code: "EXPORT",
    want: /not a directory/,
  },
  {
    name: "an index that is none",
    output: (dir) => ({ type: "oci", dest: `${dir}/broken`, tar: false, names: [] }),
    code: "EXPORT",
    want: /no OCI index/,
  },
  { name: "stdout that is not there", output: () => ({ type: "tar", dest: "-" }), code: "USAGE", want: /no stdout/ },
  { name: "a directory to stdout", output: () => ({ type: "local", dest: "-" }), code: "USAGE", want: /writes a directory/ },
  { name: "a push without a name", output: () => ({ type: "registry", names: [] }), code: "USAGE", want: /without a name/ },
];
for (const { name, output, code, want } of hostile) {
  test(`exportImage() refuses ${name}`, async () => {
    await using fixture = await openImageFixture();
    await writeFile(join(fixture.dir, "file"), "");
    await mkdir(join(fixture.dir, "broken"));
    await writeFile(join(fixture.dir, "broken", "index.json"), "[]");
    await assert.rejects(
      exportImage([fixture.image], output(fixture.dir), fixture.context()),
      (error) => isDecantError(error) && error.code === code && want.test(error.message),
    );
    assert.deepEqual((await readdir(fixture.dir)).toSorted(), ["broken", "file", "store"]);
  });
}

test("a full disk is told, and leaves nothing half-written", async (t) => {
  await using fixture = await openImageFixture();
  const small = join(fixture.dir, "small");
  await mkdir(small);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", small], { stdio: "pipe" });
  } catch {
    return t.skip("no tmpfs can be mounted");
  }
  try {
    const uncompressed = { compression: "uncompressed", names: [] } as const;
    const outputs: OutputSpec[] = [
      { type: "oci", dest: join(small, "a.tar"), tar: true, ...uncompressed },
      { type: "docker", dest: join(small, "b.tar"), ...uncompressed },
      { type: "tar", dest: join(small, "c.tar") },
    ];
    for (const output of outputs) {
      await assert.rejects(
        exportImage([fixture.image], output, fixture.context()),
        (error) => isDecantError(error, "EXPORT") && /no space is left/.test(error.message),
      );
      assert.deepEqual(await readdir(small), [], output.type);
    }
    const directory: OutputSpec = { type: "oci", dest: join(small, "d"), tar: false, ...uncompressed };
    await assert.rejects(exportImage([fixture.image], directory, fixture.context()), (error) => isDecantError(error, "EXPORT"));
    assert.ok(!(await readdir(join(small, "d"))).includes("index.json"));
  } finally {
    execFileSync("umount", [small]);
  }
});

test("an abort in the middle of an archive leaves nothing", async () => {
  await using fixture = await openImageFixture();
  const stop = new AbortController();
  const ctx = fixture.context({
    signal: stop.signal,
    emit: (event) => event.type === "transfer" && event.action === "write" && stop.abort("enough"),
  });
  const output: OutputSpec = { type: "oci", dest: join(fixture.dir, "out.tar"), tar: true, names: [] };
  await assert.rejects(exportImage([fixture.image], output, ctx), (error) => error === "enough");
  assert.deepEqual(await readdir(fixture.dir), ["store"]);
});

interface RegistryFixture extends ImageFixture {
  readonly host: string;
}

async function openRegistryFixture(): Promise<RegistryFixture> {
  await using stack = new AsyncDisposableStack();
  const fixture = stack.use(await openImageFixture());
  const { host }: DockerRegistry = stack.use(await startDockerRegistry(fixture.dir));
  const owned = stack.move();
  return { ...fixture, host, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The context of another machine: a store of its own. */
async function elsewhere(fixture: ImageFixture, name: string): Promise<AsyncDisposable & { readonly ctx: ExportContext }> {
  const store = await openStore({ root: join(fixture.dir, name) });
  return { ctx: { ...fixture.context(), store }, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Below this much, all other helpers of the tests work on images. */
async function fromRegistry(fixture: RegistryFixture, name: string): Promise<ReturnType<typeof validateImage>> {
  const copy = join(fixture.dir, `copy-of-${name.replaceAll(/[/:]/g, "-")}`);
  skopeo("copy", "--src-tls-verify=false", `docker://${fixture.host}/${name}`, `oci:${copy}:1`);
  return validateImage(copy);
}

test("type=registry pushes to every name an image that skopeo copies", async () => {
  await using fixture = await openRegistryFixture();
  const names = [`${fixture.host}/team/app:1`, `${fixture.host}/other:2`];
  const result = await exportImage([fixture.image], { type: "registry", names }, fixture.context());
  for (const name of ["team/app:1", "other:2"]) {
    const image = await fromRegistry(fixture, name);
    assert.deepEqual(image.problems, []);
    assert.equal(image.manifestDigest, result.descriptor?.digest);
  }
  // The second name took its blobs from the first repository: nothing was uploaded twice.
  assert.equal(fixture.store.images.list().length, 0);
});

test("F.2: push-by-digest leaves no tag, neither in the registry nor in the store", async () => {
  await using fixture = await openRegistryFixture();
  const names = [`${fixture.host}/team/app`];
  const output: OutputSpec = { type: "image", names, push: true, pushByDigest: true };
  const result = await exportImage([fixture.image], output, fixture.context());
  const digest = result.descriptor?.digest ?? "";
  assert.deepEqual((await fromRegistry(fixture, `team/app@${digest}`)).problems, []);
  assert.throws(() => skopeo("list-tags", "--tls-verify=false", `docker://${fixture.host}/team/app`), /404|unknown|tags/i);
  assert.deepEqual(result.names, names);
  assert.deepEqual(fixture.store.images.list(), []);
  assert.equal((await loadImage(fixture.store, digest, PLATFORM)).descriptor.digest, digest);
});

test("F.2: store=false pushes an image that the store does not get", async () => {
  await using fixture = await openRegistryFixture();
  const output: OutputSpec = { type: "image", names: [`${fixture.host}/app:1`], push: true, store: false };
  const { descriptor } = await exportImage([fixture.image], output, fixture.context());
  assert.equal((await fromRegistry(fixture, "app:1")).manifestDigest, descriptor?.digest);
  await assert.rejects(loadImage(fixture.store, descriptor?.digest ?? "", PLATFORM), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
});

test("F.2: dangling-name-prefix names an image that nobody has named", async () => {
  await using fixture = await openImageFixture();
  const output: OutputSpec = { type: "image", names: [], push: false, danglingNamePrefix: "built" };
  const { names, descriptor } = await exportImage([fixture.image], output, fixture.context());
  assert.deepEqual(names, [`built@${descriptor?.digest}`]);
});

test("a base is mounted into the new repository without being pulled", async () => {
  await using fixture = await openRegistryFixture();
  const base = `${fixture.host}/base:1`;
  await exportImage([fixture.image], { type: "registry", names: [base] }, fixture.context());
  await using there = await elsewhere(fixture, "second");
  const pulled = await pullImage(there.ctx, base, PLATFORM);
  const image: BuiltImage = {
    ...fixture.image,
    base: pulled.config,
    history: [...(pulled.config.history ?? []), { created_by: "LABEL x=y", empty_layer: true }],
    layers: pulled.layers,
    config: { ...pulled.config.config, Labels: { x: "y" } },
  };
  await exportImage([image], { type: "registry", names: [`${fixture.host}/derived:1`] }, there.ctx);
  for (const { digest } of pulled.manifest.layers) assert.equal(there.ctx.store.blobs.size(digest), undefined);
  const copied = await fromRegistry(fixture, "derived:1");
  assert.deepEqual(copied.problems, []);
  assert.deepEqual(
    copied.layers.map((layer) => layer.digest),
    pulled.manifest.layers.map((layer) => layer.digest),
  );
});

test("pullImage() reads documents once, and layers when they are wanted", async () => {
  await using fixture = await openRegistryFixture();
  const name = `${fixture.host}/app:1`;
  const pushed = await exportImage([fixture.image], { type: "registry", names: [name] }, fixture.context());
  await using there = await elsewhere(fixture, "second");
  const lazy = await pullImage(there.ctx, name, PLATFORM);
  assert.equal(lazy.reference.digest, pushed.descriptor?.digest);
  for (const { digest } of lazy.manifest.layers) assert.equal(there.ctx.store.blobs.size(digest), undefined);

  const offline = { ...there.ctx, registry: () => Promise.reject(new Error("no request is wanted")) };
  const again = await pullImage(offline, lazy.reference, PLATFORM);
  assert.deepEqual(again.config, lazy.config);

  await pullImage(there.ctx, name, PLATFORM, { load: true, name: true });
  const opened = await loadImage(there.ctx.store, name, PLATFORM);
  assert.deepEqual(opened.manifestBytes, lazy.manifestBytes);
  const tree = layerTree(await Promise.all(opened.layers.map((layer) => layer.load())));
  assert.deepEqual(contentsOf({ tree, config: {} }), { files: 4, unpackedBytes: 8010, shells: ["/bin/sh"], packageManagers: [] });
});

test("a derived image is exported whole from a base that was never loaded", async () => {
  await using fixture = await openRegistryFixture();
  const name = `${fixture.host}/app:1`;
  await exportImage([fixture.image], { type: "registry", names: [name] }, fixture.context());
  await using there = await elsewhere(fixture, "second");
  const pulled = await pullImage(there.ctx, name, PLATFORM);
  const image = { ...fixture.image, base: pulled.config, layers: pulled.layers };
  for (const [type, output] of [
    ["oci", { type: "oci", dest: join(fixture.dir, "oci.tar"), tar: true, names: NAMES }],
    ["docker", { type: "docker", dest: join(fixture.dir, "docker.tar"), names: NAMES }],
  ] as const) {
    await exportImage([image], output, there.ctx);
    assert.deepEqual(validateImage(join(fixture.dir, `${type}.tar`)).problems, []);
  }
  // The store keeps a base as it was pulled.
  await exportImage([image], { type: "image", names: NAMES, push: false }, there.ctx);
  const stored = await loadImage(there.ctx.store, "app:1", PLATFORM);
  assert.deepEqual(
    stored.manifest.layers.map((layer) => layer.digest),
    pulled.manifest.layers.map((layer) => layer.digest),
  );
});

test("pushImage() compresses what the store keeps uncompressed, and copies the rest unchanged", async () => {
  await using fixture = await openRegistryFixture();
  const ctx = fixture.context();
  await exportImage([fixture.image], { type: "image", names: NAMES, push: false }, ctx);
  const first = await pushImage(ctx, "app:1", [`${fixture.host}/app:1`], { host: PLATFORM });
  const image = await fromRegistry(fixture, "app:1");
  assert.deepEqual(image.problems, []);
  assert.deepEqual(
    image.layers.map((layer) => layer.mediaType),
    [OCI_LAYER_GZIP, OCI_LAYER_GZIP],
  );

  await using there = await elsewhere(fixture, "second");
  await pullImage(there.ctx, `${fixture.host}/app:1`, PLATFORM, { name: true });
  const again = await pushImage(there.ctx, `${fixture.host}/app:1`, [`${fixture.host}/mirror:1`], { host: PLATFORM });
  assert.equal(again.descriptor.digest, first.descriptor.digest);
});

test("F.2: a push packs by the image: with the time of an epoch without ISA-L", async () => {
  await using fixture = await openRegistryFixture();
  const ctx = fixture.context();
  const rows = [
    { tag: "usual", created: "2026-01-02T03:04:05.678Z" },
    { tag: "epoch", created: "2026-01-02T03:04:05Z" },
  ];
  const encoders: (string | undefined)[] = [];
  for (const { tag, created } of rows) {
    await exportImage([{ ...fixture.image, created }], { type: "image", names: [`${tag}:1`], push: false }, ctx);
    const { descriptor } = await pushImage(ctx, `${tag}:1`, [`${fixture.host}/${tag}:1`], { host: PLATFORM });
    const image = await fromRegistry(fixture, `${tag}:1`);
    assert.equal(image.manifestDigest, descriptor.digest);
    encoders.push(image.layers[0]?.digest);
  }
  const zlib = await exportImage([fixture.image], { type: "registry", names: [`${fixture.host}/z:1`], encoder: "zlib" }, ctx);
  assert.ok(zlib.descriptor !== undefined);
  const packedByZlib = (await fromRegistry(fixture, "z:1")).layers[0]?.digest;
  const isal = (await gzipEncoder(undefined)) === "isal";
  assert.deepEqual(
    encoders.map((digest) => digest === packedByZlib),
    [!isal, true],
  );
});

test("F.2: an OCI directory that has a layer of the base does not fetch it again", async () => {
  await using fixture = await openRegistryFixture();
  await exportImage([fixture.image], { type: "registry", names: [`${fixture.host}/base:1`] }, fixture.context());
  const dest = join(fixture.dir, "oci");
  const output: OutputSpec = { type: "oci", dest, tar: false, names: [] };
  for (const [machine, fetched] of [
    ["one", 2],
    ["two", 0],
  ] as const) {
    await using there = await elsewhere(fixture, machine);
    const base = await pullImage(there.ctx, `${fixture.host}/base:1`, PLATFORM);
    const before = fixture.events.length;
    await exportImage([{ ...fixture.image, layers: base.layers }], output, there.ctx);
    const pulls = fixture.events.slice(before).filter((event) => event.type === "transfer" && event.action === "pull" && event.done);
    assert.equal(pulls.length, fetched, machine);
    assert.deepEqual(validateImage(dest).problems, []);
  }
});

test("type=image,push=true gives the store and the registry one digest", async () => {
  await using fixture = await openRegistryFixture();
  const name = `${fixture.host}/app:1`;
  const result = await exportImage([fixture.image], { type: "image", names: [name], push: true }, fixture.context());
  assert.equal(fixture.store.images.get(name)?.digest, result.descriptor?.digest);
  assert.equal((await fromRegistry(fixture, "app:1")).manifestDigest, result.descriptor?.digest);
});

test("importRootfs() makes an image of a tar", async () => {
  await using fixture = await openImageFixture();
  const files = join(fixture.dir, "files.tar");
  await exportImage([fixture.image], { type: "tar", dest: files }, fixture.context());
  const tar = (async function* () {
    yield await readFile(files);
  })();
  const options = { name: "app:1", platform: PLATFORM, config: { Cmd: ["/bin/sh"] }, message: "from a test" };
  const result = await importRootfs(fixture.context(), tar, options);
  const image = validateImage(await layoutOfStored(fixture, join(fixture.dir, "copy")));
  assert.deepEqual(image.problems, []);
  assert.equal(image.manifestDigest, result.descriptor?.digest);
  assert.deepEqual(image.config["config"], { Cmd: ["/bin/sh"] });
});

test("loadImage() says what to do when there is no such image", async () => {
  await using fixture = await openImageFixture();
  for (const name of ["nothing", sha256("nothing")]) {
    await assert.rejects(loadImage(fixture.store, name, PLATFORM), (error) => isDecantError(error, "IMAGE_NOT_FOUND"));
  }
});

test("what the store names outlives a prune of everything else", async () => {
  await using fixture = await openImageFixture();
  await exportImage([fixture.image], { type: "image", names: NAMES, push: false }, fixture.context());
  await fixture.store.prune({ all: true });
  const { manifest } = await loadImage(fixture.store, "app:1", PLATFORM);
  for (const { digest, size } of manifest.layers) {
    assert.equal((await collect(fixture.store.blobs.open(digest), size)).byteLength, size);
  }
});
