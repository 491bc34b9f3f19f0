/** Pulls and pushes of large layers over connections that break, and by processes that die, with a real docker-registry. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { bytesOf, collect } from "../../src/bytes.ts";
import { sha256 } from "../../src/digest.ts";
import { isDecantError, pruneStore, pullImage, pushImage } from "../../src/index.ts";
import { type Descriptor, OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { DECANT } from "../support/command.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { fakeClient } from "../support/registry-client.ts";

const MB = 1_000_000;
/** DECANT_LARGE_MB: larger layers, for a run by hand. */
const SIZE = Number(process.env["DECANT_LARGE_MB"] ?? "24") * MB;

describe("F.3: a large layer", () => {
  const stack = new AsyncDisposableStack();
  let dir: string;
  let registry: DockerRegistry;
  let layer: Descriptor;
  let image: Descriptor;

  before(async () => {
    const folder = await mkdtempDisposable(join(tmpdir(), "decant-registry-"));
    stack.defer(() => folder.remove());
    dir = folder.path;
    registry = stack.use(await startDockerRegistry(dir));
    const tar = tarOf([{ path: "big", content: randomBytes(SIZE) }]);
    const packed = gzipSync(tar, { level: 1 });
    const client = stack.use(fakeClient());
    const name = { registry: registry.host, repository: "big" };
    const push = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
      const descriptor = { digest: sha256(bytes), size: bytes.byteLength };
      await client.pushBlob(name, descriptor, (at) => bytesOf(bytes.subarray(at)));
      return { mediaType, ...descriptor };
    };
    layer = await push(packed, OCI_LAYER_GZIP);
    const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [sha256(tar)] } };
    const document = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: await push(Buffer.from(JSON.stringify(config)), OCI_CONFIG),
      layers: [layer],
    };
    image = await client.pushManifest({ ...name, tag: "v1" }, OCI_MANIFEST, Buffer.from(JSON.stringify(document)));
  });
  after(() => stack.disposeAsync());

  it("is pulled over connections that break: each byte comes about once", async () => {
    await using proxy = await startCuttingProxy(registry.host, { cut: { direction: "down", afterBytes: SIZE / 4, times: 3 } });
    const pulled = await pullImage({ image: `${proxy.host}/big:v1`, root: join(dir, "breaks"), env: {} }).result;
    assert.equal(pulled.digest, image.digest);
    assert.ok(proxy.connections >= 4);
    assert.ok(proxy.downBytes < layer.size * 1.3, `${proxy.downBytes} bytes came`);
  });

  it("that a user stopped to pull goes on in the next run", async () => {
    const root = join(dir, "stopped");
    {
      const stop = new AbortController();
      await using proxy = await startCuttingProxy(registry.host, {
        onDown: (bytes) => void (bytes > SIZE * 0.75 && stop.abort(new Error("enough"))),
      });
      await assert.rejects(pullImage({ image: `${proxy.host}/big:v1`, root, env: {}, signal: stop.signal }).result, /enough/);
    }
    await assertGoesOn(root);
  });

  it("whose process was killed goes on in the next one", async () => {
    const root = join(dir, "killed");
    const { promise, resolve } = Promise.withResolvers<void>();
    {
      await using proxy = await startCuttingProxy(registry.host, {
        onDown(bytes) {
          if (bytes > SIZE * 0.75) child.kill("SIGKILL");
        },
      });
      const child = spawn(DECANT, ["pull", `${proxy.host}/big:v1`], {
        env: { PATH: process.env["PATH"], DECANT_ROOT: root },
        stdio: "ignore",
      });
      child.once("close", () => resolve());
      await promise;
      assert.equal(child.signalCode, "SIGKILL");
    }
    await assertGoesOn(root);
  });

  it("of which a part is kept is pruned, and comes whole after that", async () => {
    const root = join(dir, "pruned");
    const stop = new AbortController();
    await using proxy = await startCuttingProxy(registry.host, {
      onDown: (bytes) => void (bytes > SIZE * 0.75 && stop.abort(new Error("enough"))),
    });
    await assert.rejects(pullImage({ image: `${proxy.host}/big:v1`, root, env: {}, signal: stop.signal }).result, /enough/);
    const { freedBytes } = await pruneStore({ root, env: {} }).result;
    assert.ok(freedBytes > SIZE / 4);
    assert.deepEqual(readdirSync(join(root, "partial")), []);
    assert.equal((await pullImage({ image: `${registry.host}/big:v1`, root, env: {} }).result).digest, image.digest);
  });

  it("is pushed over connections that break, and a second push sends nothing of it", async () => {
    const root = join(dir, "breaks");
    await using other = await startDockerRegistry(dir);
    await using proxy = await startCuttingProxy(other.host, { cut: { direction: "up", afterBytes: SIZE / 4, times: 1 } });
    const source = [...(await storedNames(root))][0] ?? "";
    await pushImage({ image: source, name: `${proxy.host}/one/big:v1`, root, env: {} }).result;
    const sent = proxy.upBytes;
    // docker-registry 2 forgets an upload that broke inside a request: what was sent by then goes twice.
    assert.ok(sent < layer.size * 1.5, `${sent} bytes were sent`);
    await pushImage({ image: source, name: `${proxy.host}/one/big:v2`, root, env: {} }).result;
    await pushImage({ image: source, name: `${proxy.host}/two/big:v1`, root, env: {} }).result;
    assert.ok(proxy.upBytes - sent < 100_000, `${proxy.upBytes - sent} more bytes were sent`);
    const client = stack.use(fakeClient());
    const got = collect(client.blob({ registry: other.host, repository: "two/big" }, layer), layer.size + 1);
    assert.equal(sha256(await got), layer.digest);
  });

  async function storedNames(root: string): Promise<string[]> {
    const { listImages } = await import("../../src/index.ts");
    return (await listImages({ root, env: {} })).flatMap(({ name }) => (name === undefined ? [] : [name]));
  }

  /** The rest of the layer comes, less than half of it, and the image is whole. */
  async function assertGoesOn(root: string): Promise<void> {
    assert.equal(existsSync(join(root, "partial")), true);
    await using proxy = await startCuttingProxy(registry.host);
    // Its layers are named by their digests, so another address of the registry goes on as well.
    const pulled = await pullImage({ image: `${proxy.host}/big:v1`, root, env: {} }).result.catch((error: unknown) => {
      assert.ok(isDecantError(error));
      throw error;
    });
    assert.equal(pulled.digest, image.digest);
    assert.ok(proxy.downBytes < layer.size * 0.6, `${proxy.downBytes} of ${layer.size} bytes came`);
    assert.deepEqual(readdirSync(join(root, "partial")), []);
  }
});
