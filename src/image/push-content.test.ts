import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { InternalError } from "../errors.ts";
import { noEvents } from "../events.ts";
import { formatReference, OCI_CONFIG, OCI_LAYER_GZIP } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import { type AssembledResult, onlyImage } from "./assembled-image.ts";
import { documentOf, manifestOf } from "./manifest.ts";
import { contentOf } from "./content.ts";
import { pushContent } from "./push-content.ts";
import type { ImageContext } from "./types.ts";

const LAYER = { mediaType: OCI_LAYER_GZIP, digest: sha256("layer"), size: 5 };

/** An image of one layer that r.io/base has; `ensured` tells whether its bytes were wanted. */
function imageWithBase(calls: string[]): AssembledResult {
  const config = documentOf("{}", OCI_CONFIG);
  const remote = { descriptor: LAYER, registry: "r.io", repository: "base" };
  const layer = { descriptor: LAYER, diffId: LAYER.digest, remote, ensure: () => (calls.push("fetch layer"), Promise.resolve(LAYER)) };
  const manifest = manifestOf(config.descriptor, [LAYER], "oci");
  return onlyImage({ layers: [layer], config, manifest, descriptor: manifest.descriptor });
}

/** A registry client that says what it is asked; `has` are "repository blob". */
function recordingClient(calls: string[], has: Set<string>): RegistryClient {
  const name = (digest: string): string => (digest === LAYER.digest ? "layer" : "config");
  const refuse = (): never => {
    throw new InternalError("not expected");
  };
  return {
    hasBlob: async ({ repository }, digest) => has.has(`${repository} ${name(digest)}`),
    mountBlob: async ({ repository }, from, digest) => {
      calls.push(`mount ${name(digest)} from ${from} into ${repository}`);
      return has.has(`${from} ${name(digest)}`);
    },
    pushBlob: async ({ repository }, { digest }) => {
      calls.push(`push ${name(digest)} to ${repository}`);
      has.add(`${repository} ${name(digest)}`);
      return "pushed";
    },
    pushManifest: async ({ registry, repository, tag }) => {
      calls.push(`manifest ${registry}/${repository}:${tag}`);
      return LAYER;
    },
    resolve: refuse,
    manifest: refuse,
    blob: refuse,
    blobSize: refuse,
    reference: refuse,
    referrers: refuse,
    tags: refuse,
    [Symbol.dispose]: () => undefined,
  };
}

/** As much of the store's records as a push wants. */
function memoryRecords(): Pick<ImageContext["store"]["records"], "get" | "put" | "batch"> {
  const values = new Map<string, unknown>();
  return {
    get: (space, id) => values.get(`${space} ${id}`),
    put: (space, id, value) => void values.set(`${space} ${id}`, value),
    batch: (fn) => fn(),
  };
}

const rows: { name: string; to: string[]; has: string[]; want: string[] }[] = [
  {
    name: "mounts what a neighbour has and fetches nothing",
    to: ["r.io/app:1"],
    has: ["base layer"],
    want: ["manifest r.io/app:1", "mount layer from base into app", "push config to app"],
  },
  {
    name: "moves nothing that the repository has",
    to: ["r.io/base:2"],
    has: ["base layer"],
    want: ["manifest r.io/base:2", "push config to base"],
  },
  {
    name: "fetches and pushes to another registry",
    to: ["other.io/app:1"],
    has: ["base layer"],
    want: ["fetch layer", "manifest other.io/app:1", "push config to app", "push layer to app"],
  },
  {
    name: "pushes what the registry would not mount",
    to: ["r.io/app:1"],
    has: [],
    want: ["fetch layer", "manifest r.io/app:1", "mount layer from base into app", "push config to app", "push layer to app"],
  },
  {
    name: "mounts into a second repository what it pushed to the first",
    to: ["other.io/one:1", "other.io/two:1"],
    has: [],
    want: [
      "fetch layer",
      "manifest other.io/one:1",
      "manifest other.io/two:1",
      "mount config from one into two",
      "mount layer from one into two",
      "push config to one",
      "push layer to one",
    ],
  },
];
for (const { name, to, has, want } of rows) {
  test(`pushContent() ${name}`, async () => {
    const calls: string[] = [];
    const client = recordingClient(calls, new Set(has));
    const refuse = (): never => {
      throw new InternalError("the store is not wanted");
    };
    // Only what pushing looks at; the blobs themselves are the client's business.
    const store = { blobs: { open: refuse }, records: memoryRecords() } as unknown as ImageContext["store"];
    const ctx: ImageContext = { store, registry: async () => client, emit: noEvents, vertex: "push", signal: new AbortController().signal };
    await pushContent(ctx, contentOf(imageWithBase(calls)), to);
    assert.deepEqual(calls.toSorted(), want);
    // A tag must never stand for an image whose blobs are missing.
    assert.match(calls.at(-1) ?? "", /^manifest/);
  });
}

test("F125: a later push to a neighbour mounts what an earlier one sent, from the repository that had it last", async () => {
  const calls: string[] = [];
  const has = new Set<string>();
  const client = recordingClient(calls, has);
  const store = { blobs: {}, records: memoryRecords() } as unknown as ImageContext["store"];
  const ctx: ImageContext = { store, registry: async () => client, emit: noEvents, vertex: "push", signal: new AbortController().signal };
  await pushContent(ctx, contentOf(imageWithBase([])), ["other.io/one:1"]);
  calls.length = 0;
  await pushContent(ctx, contentOf(imageWithBase([])), ["other.io/two:1"]);
  assert.deepEqual(calls.toSorted(), ["manifest other.io/two:1", "mount layer from one into two", "push config to two"]);
  has.clear();
  calls.length = 0;
  await pushContent(ctx, contentOf(imageWithBase(calls)), ["other.io/three:1"]);
  const want = ["mount layer from two into three", "mount layer from one into three", "fetch layer", "push layer to three"];
  assert.deepEqual(
    calls.filter((call) => call.includes("layer")),
    want,
  );
});

test("F.2: pushContent() with pushByDigest names no tag", async () => {
  const calls: string[] = [];
  const references: string[] = [];
  const client: RegistryClient = {
    ...recordingClient(calls, new Set(["base layer"])),
    pushManifest: async (reference, mediaType, bytes) => {
      references.push(formatReference(reference));
      return { mediaType, digest: sha256(bytes), size: bytes.byteLength };
    },
  };
  const asked: unknown[] = [];
  const ctx = {
    store: { blobs: {}, records: memoryRecords() },
    registry: async (options?: unknown) => (asked.push(options), client),
    emit: noEvents,
    vertex: "push",
    signal: new AbortController().signal,
  } as unknown as ImageContext;
  const image = imageWithBase(calls);
  await pushContent(ctx, contentOf(image), ["r.io/base"], { pushByDigest: true, insecure: true });
  assert.deepEqual(references, [`r.io/base@${image.descriptor.digest}`]);
  assert.deepEqual(asked, [{ insecure: true }]);
});
