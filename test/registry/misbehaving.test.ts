/**
 * Pulls from a registry that drops, lies, stalls, redirects and sends what it should not. Each ends in an image or in an error that says what is wrong;
 * the store has no byte under a wrong digest, and the next pull from a registry that behaves works.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32, deflateRawSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { sha256 } from "../../src/digest.ts";
import { DecantError, type ErrorCode } from "../../src/errors.ts";
import { type EventInput, noEvents } from "../../src/events.ts";
import { type ImageContext, pullImage } from "../../src/image/index.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from "../../src/oci/index.ts";
import { parseRegistriesConfig } from "../../src/registry/registries-conf.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { layerTree, loadLayers } from "../../src/tree/index.ts";
import { treePath } from "../../src/paths.ts";
import { tarOf } from "../support/archive.ts";
import type { Fault } from "../support/faults.ts";
import { fakeClient } from "../support/registry-client.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const TAR = tarOf([{ path: "file", content: randomBytes(2_500_000) }]);
const PLATFORM = { os: "linux", architecture: "amd64" };
/** A server that stalls is given up sooner than in earnest. */
const TIMERS = { answerMs: 150, download: { windowMs: 150, minBytes: 1000 } };

/** A layer as it is packed. */
interface Packed {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

const GZIP: Packed = { bytes: gzipSync(TAR, { level: 1 }), mediaType: OCI_LAYER_GZIP };

interface Shape {
  readonly layer?: Packed;
  readonly docker?: boolean;
  /** Makes the manifest from the right one. */
  readonly manifest?: (right: { layers: { size: number }[] } & Record<string, unknown>) => unknown;
  readonly mediaType?: string;
}

function addImage(registry: FakeRegistry, { layer = GZIP, docker = false, manifest = (right) => right, mediaType }: Shape = {}): void {
  const type = mediaType ?? (docker ? DOCKER_MANIFEST : OCI_MANIFEST);
  const rootfs = { type: "layers", diff_ids: [sha256(TAR)] };
  const config = registry.addBlob("app", Buffer.from(JSON.stringify({ ...PLATFORM, rootfs })), docker ? DOCKER_CONFIG : OCI_CONFIG);
  const layers = [{ ...registry.addBlob("app", layer.bytes, layer.mediaType) }];
  registry.addManifest("app", "v1", type, manifest({ schemaVersion: 2, mediaType: type, config, layers }));
}

async function pull(store: Store, registry: FakeRegistry, signal = new AbortController().signal): Promise<void> {
  using client = fakeClient({ network: { timers: TIMERS } });
  const ctx: ImageContext = { store, registry: async () => client, emit: noEvents, vertex: "pull", signal };
  const { layers } = await pullImage(ctx, `${registry.host}/app:v1`, PLATFORM);
  const [layer] = await loadLayers(layers, signal);
  assert.ok(layer !== undefined);
  assert.equal(layerTree([layer]).lookup(treePath("file"))?.size, 2_500_000);
}

/** Every blob has the digest that is its name. */
function assertSound(root: string): void {
  for (const hex of readdirSync(join(root, "blobs/sha256")))
    assert.equal(sha256(readFileSync(join(root, "blobs/sha256", hex))), `sha256:${hex}`);
}

const BLOB = new RegExp(`GET .*blobs/${sha256(GZIP.bytes)}`);
const MANIFEST = /(GET|HEAD) .*manifests/;
const CONFIG = new RegExp(`GET .*blobs/(?!${sha256(GZIP.bytes)})`);

interface Row {
  readonly name: string;
  readonly faults?: readonly Fault[];
  readonly shape?: Shape;
  /** Absent: the pull works. */
  readonly fails?: { readonly code: ErrorCode; readonly message: RegExp };
}

const always = { times: 1000 };

const rows: readonly Row[] = [
  // What passes.
  { name: "drops the connection twice", faults: [{ match: BLOB, kind: "drop", times: 2 }] },
  { name: "cuts a layer off, again and again", faults: [{ match: BLOB, kind: "cut", afterBytes: 400_000, times: 4 }] },
  { name: "cuts a manifest off", faults: [{ match: MANIFEST, kind: "cut", afterBytes: 20 }] },
  { name: "ends a layer early as if it were whole, once", faults: [{ match: BLOB, kind: "short", bytes: 900_000 }] },
  { name: "answers 500, 502, 503 and 429", faults: [500, 502, 503, 429].map((status) => ({ match: BLOB, kind: "status", status })) },
  { name: "asks to wait", faults: [{ match: MANIFEST, kind: "status", status: 429, headers: { "retry-after": "20" } }] },
  { name: "stalls once", faults: [{ match: BLOB, kind: "hang" }] },
  { name: "sends a layer in drops, once", faults: [{ match: BLOB, kind: "drip", everyMs: 20, bytes: 1000 }] },
  {
    name: "knows no ranges",
    faults: [
      { match: BLOB, kind: "cut", afterBytes: 900_000 },
      { match: BLOB, kind: "ignore-range", times: 9 },
    ],
  },
  { name: "knows no HEAD", faults: [{ match: /^HEAD/, kind: "status", status: 405, ...always }] },
  {
    name: "gives a size that is wrong",
    shape: { manifest: (right) => ({ ...right, layers: right.layers.map((one) => ({ ...one, size: one.size - 7 })) }) },
  },
  { name: "ends a layer early as if it were whole, each time", faults: [{ match: BLOB, kind: "short", bytes: 500_000, ...always }] },
  // What does not.
  {
    name: "always drops",
    faults: [{ match: BLOB, kind: "drop", ...always }],
    fails: { code: "REGISTRY_UNREACHABLE", message: /closed the connection/ },
  },
  {
    name: "always stalls",
    faults: [{ match: BLOB, kind: "hang", ...always }],
    fails: { code: "REGISTRY_UNREACHABLE", message: /no answer in/ },
  },
  {
    name: "always answers 500",
    faults: [{ match: BLOB, kind: "status", status: 500, ...always }],
    fails: { code: "REGISTRY", message: /answered 500/ },
  },
  {
    name: "asks to wait for an hour",
    faults: [{ match: MANIFEST, kind: "status", status: 429, headers: { "retry-after": "3600" }, ...always }],
    fails: { code: "REGISTRY_RATE_LIMIT", message: /too many requests/ },
  },
  { name: "sends other bytes", faults: [{ match: BLOB, kind: "corrupt", ...always }], fails: { code: "BLOB_DIGEST", message: /./ } },
  {
    name: "sends too many bytes",
    faults: [{ match: BLOB, kind: "long", bytes: 10_000, ...always }],
    fails: { code: "BLOB_SIZE", message: /./ },
  },
  {
    name: "has no such layer",
    faults: [{ match: BLOB, kind: "status", status: 404, ...always }],
    fails: { code: "BLOB_MISSING", message: /no such blob/ },
  },
  {
    name: "sends another configuration",
    faults: [{ match: CONFIG, kind: "corrupt", ...always }],
    fails: { code: "BLOB_DIGEST", message: /./ },
  },
  {
    name: "sends another manifest",
    faults: [{ match: MANIFEST, kind: "corrupt", ...always }],
    fails: { code: "BLOB_DIGEST", message: /./ },
  },
  {
    name: "lies about a digest",
    faults: [{ match: MANIFEST, kind: "headers", headers: { "docker-content-digest": sha256("x") }, ...always }],
    fails: { code: "IMAGE_NOT_FOUND", message: /./ },
  },
  {
    name: "is none: a page for people",
    faults: [
      { match: MANIFEST, kind: "status", status: 200, headers: { "content-type": "text/html" }, body: "<html>Sign in</html>", ...always },
    ],
    fails: { code: "MANIFEST", message: /JSON/ },
  },
  {
    name: "sends a manifest of 5 MB",
    shape: { manifest: (right) => ({ ...right, annotations: { a: "x".repeat(5_000_000) } }) },
    fails: { code: "BLOB_SIZE", message: /manifest/ },
  },
  {
    name: "sends a manifest nested 100,000 deep",
    shape: { manifest: () => Buffer.from(`{"schemaVersion":2,"layers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`) },
    fails: { code: "MANIFEST", message: /./ },
  },
  {
    name: "sends Docker's schema 1",
    shape: { mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws", manifest: () => ({ schemaVersion: 1, fsLayers: [] }) },
    fails: { code: "MANIFEST", message: /schema 1/ },
  },
  {
    name: "gives a layer that inflates to other files than were said, a gigabyte of them",
    shape: { layer: { bytes: gzipSync(Buffer.alloc(64_000_000)), mediaType: OCI_LAYER_GZIP } },
    fails: { code: "BLOB_DIGEST", message: /./ },
  },
  {
    name: "gives a layer that is no archive",
    shape: { layer: { bytes: Buffer.from("<html>"), mediaType: OCI_LAYER_GZIP } },
    fails: { code: "TAR", message: /./ },
  },
  {
    name: "redirects to itself for ever",
    faults: [{ match: BLOB, kind: "redirect", to: `/v2/app/blobs/${sha256(GZIP.bytes)}`, ...always }],
    fails: { code: "REGISTRY", message: /more than 10/ },
  },
  {
    name: "redirects to another protocol",
    faults: [{ match: BLOB, kind: "redirect", to: "file:///etc/passwd", ...always }],
    fails: { code: "REGISTRY", message: /leads to "file:"/ },
  },
  {
    name: "wants to know who we are, and does not say how",
    faults: [{ match: MANIFEST, kind: "status", status: 401, ...always }],
    fails: { code: "REGISTRY", message: /neither for Bearer nor for Basic/ },
  },
];

describe("F.3: a registry that", () => {
  for (const { name, faults = [], shape, fails } of rows) {
    it(name, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-registry-"));
      const root = join(dir.path, "store");
      await using store = await openStore({ root });
      await using registry = await startFakeRegistry();
      addImage(registry, shape);
      for (const fault of faults) registry.fault(fault);
      if (fails === undefined) await pull(store, registry);
      else {
        await assert.rejects(pull(store, registry), (error) => {
          assert.ok(error instanceof DecantError, String(error));
          assert.equal(error.code, fails.code, error.message);
          assert.match(error.message, fails.message);
          return true;
        });
      }
      assertSound(root);
      await using better = await startFakeRegistry();
      addImage(better);
      await pull(store, better);
      assertSound(root);
    });
  }
});

/** As estargz packs: every file is a gzip member of its own, and the last one has the place of the table of contents in its extra field. */
function estargz(tar: Buffer): Buffer {
  const middle = 1_000_000;
  return Buffer.concat([gzipSync(tar.subarray(0, middle)), gzipSync(tar.subarray(middle)), footer()]);
}

function footer(): Buffer {
  const offset = Buffer.from(`${(0).toString(16).padStart(16, "0")}STARGZ`, "ascii");
  const extra = Buffer.concat([Buffer.from("SG"), Buffer.from([offset.length, 0]), offset]);
  const head = Buffer.from([31, 139, 8, 4, 0, 0, 0, 0, 0, 255]);
  const length = Buffer.from([extra.length, 0]);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(Buffer.alloc(0)), 0);
  return Buffer.concat([head, length, extra, deflateRawSync(Buffer.alloc(0)), tail]);
}

describe("F.3: a pull takes", () => {
  const kinds: readonly { readonly name: string; readonly shape: Shape }[] = [
    { name: "Docker's schema 2", shape: { docker: true, layer: { ...GZIP, mediaType: DOCKER_LAYER_GZIP } } },
    { name: "a layer packed with zstd", shape: { layer: { bytes: zstdCompressSync(TAR), mediaType: OCI_LAYER_ZSTD } } },
    { name: "a layer packed as estargz", shape: { layer: { bytes: estargz(TAR), mediaType: OCI_LAYER_GZIP } } },
    {
      name: "a layer that is packed otherwise than its media type says",
      shape: { layer: { bytes: zstdCompressSync(TAR), mediaType: OCI_LAYER_GZIP } },
    },
  ];
  for (const { name, shape } of kinds) {
    it(name, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-registry-"));
      await using store = await openStore({ root: join(dir.path, "store") });
      await using registry = await startFakeRegistry();
      addImage(registry, shape);
      await pull(store, registry);
    });
  }
});

describe("F3: a mirror that lies", () => {
  const large = gzipSync(tarOf([{ path: "file", content: randomBytes(6_000_000) }]), { level: 1 });
  const lies: readonly { readonly name: string; readonly fault: Fault }[] = [
    { name: "about the content of blobs", fault: { match: /blobs/, kind: "corrupt", ...always } },
    { name: "about the size of blobs, which are longer", fault: { match: /blobs/, kind: "long", bytes: 10_000, ...always } },
    { name: "about the end of blobs, which are shorter", fault: { match: /blobs/, kind: "short", bytes: 90, ...always } },
    { name: "about manifests", fault: { match: /GET .*manifests/, kind: "corrupt", ...always } },
    { name: "with pages for people", fault: { match: /GET/, kind: "status", status: 200, body: "<html>Sign in</html>", ...always } },
  ];
  for (const { name, fault } of lies) {
    for (const [what, bytes] of [
      ["small", gzipSync(TAR, { level: 1 })],
      ["large", large],
    ] as const) {
      it(`${name} is left out, and the registry itself gives a ${what} layer`, async () => {
        await using dir = await mkdtempDisposable(join(tmpdir(), "decant-registry-"));
        await using mirror = await startFakeRegistry();
        await using origin = await startFakeRegistry();
        for (const registry of [mirror, origin]) addLayer(registry, bytes);
        mirror.fault(fault);
        const text = `[[registry]]\nprefix = "example.com"\nlocation = "${origin.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`;
        const warnings: string[] = [];
        const emit = (event: EventInput): void => void (event.type === "warning" && warnings.push(event.message));
        using client = fakeClient({ config: await parseRegistriesConfig(text, "test.conf"), emit });
        await using store = await openStore({ root: join(dir.path, "store") });
        const { signal } = new AbortController();
        const ctx: ImageContext = { store, registry: async () => client, emit: noEvents, vertex: "pull", signal };
        const { layers } = await pullImage(ctx, "example.com/app:v1", PLATFORM);
        await loadLayers(layers, signal);
        assert.match(warnings.join("\n"), new RegExp(`^Mirror "${mirror.host}" was left out: `));
        assertSound(store.root);
      });
    }
  }

  function addLayer(registry: FakeRegistry, bytes: Buffer): void {
    const rootfs = { type: "layers", diff_ids: [sha256(gunzipSync(bytes))] };
    const config = registry.addBlob("app", Buffer.from(JSON.stringify({ ...PLATFORM, rootfs })), OCI_CONFIG);
    const layers = [registry.addBlob("app", bytes, OCI_LAYER_GZIP)];
    registry.addManifest("app", "v1", OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers });
  }
});
