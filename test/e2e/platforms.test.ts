/** Builds for several platforms (F128): one index, one graph, and what each output makes of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, isDecantError, pushImage } from "../../src/index.ts";
import { addBusybox, workshop, type Workshop } from "../support/build.ts";
import { readTar } from "../support/read-tar.ts";
import { startFakeRegistry } from "../support/registry.ts";

const BOTH = ["linux/amd64", "linux/arm64"];

/** A cross build: the tools run here, and the result is for the target. */
const CROSS = `FROM --platform=$BUILDPLATFORM tools:1 AS shared
RUN date +%s%N > /shared
FROM --platform=$BUILDPLATFORM tools:1 AS build
ARG TARGETARCH
RUN echo built for $TARGETARCH > /out
FROM scratch
COPY --from=build /out /out
COPY --from=shared /shared /shared
`;

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform?: { readonly architecture: string };
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

function readJson(folder: string, digest: string): Index {
  return JSON.parse(readFileSync(join(folder, "blobs", digest.replace(":", "/")), "utf8"));
}

/** The index of an OCI layout that a build of `platforms` wrote. */
async function layoutOf(shop: Workshop, text: string, options: Partial<BuildOptions>): Promise<Index> {
  const dest = join(shop.folder, `layout${Math.random()}`);
  await shop.build(text, { outputs: [{ type: "oci", dest, tar: false, names: [] }], ...options });
  const index: Index = JSON.parse(readFileSync(join(dest, "index.json"), "utf8"));
  const [entry = assert.fail("no entry")] = index.manifests;
  const named = readJson(dest, entry.digest);
  return named.mediaType.includes("index") ? named : index;
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("several platforms", { concurrency: 2 }, () => {
  it("F128: stages that do not depend on the target run once, and steps say their platforms", async () => {
    using shop = workshop();
    addBusybox(shop);
    await shop.build("FROM scratch\nCOPY busybox /\n", { tags: ["tools:1"] });
    const { events, result } = await shop.build(CROSS, { platforms: BOTH, outputs: [{ type: "local", dest: join(shop.folder, "out") }] });
    const names = events.flatMap((event) => (event.type === "vertex.planned" ? [event.name] : []));
    assert.deepEqual(names.filter((name) => name.includes("RUN")).toSorted(), [
      "[linux/amd64 build 2/2] RUN echo built for $TARGETARCH > /out",
      "[linux/amd64 shared 2/2] RUN date +%s%N > /shared",
      "[linux/amd64->arm64 build 2/2] RUN echo built for $TARGETARCH > /out",
    ]);
    assert.equal(result.configDigest, undefined);
    const read = (name: string): string => readFileSync(join(shop.folder, "out", name), "utf8");
    assert.equal(read("linux_amd64/out"), "built for amd64\n");
    assert.equal(read("linux_arm64/out"), "built for arm64\n");
    assert.equal(read("linux_amd64/shared"), read("linux_arm64/shared"));
  });

  it("F128: the digests are those of single builds, platforms are in the order of the options, each once", async () => {
    using shop = workshop();
    const text = "FROM scratch\nARG TARGETARCH\nCOPY <<a /a\n$TARGETARCH\na\n";
    const options = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } };
    const index = await layoutOf(shop, text, { ...options, platforms: ["linux/arm64", "linux/amd64", "arm64", "linux/arm/v7"] });
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform?.architecture),
      ["arm64", "amd64", "arm"],
    );
    for (const [at, platform] of ["linux/arm64", "linux/amd64", "linux/arm/v7"].entries()) {
      const single = await layoutOf(shop, text, { ...options, platforms: [platform] });
      assert.equal(single.manifests[0]?.digest, index.manifests[at]?.digest);
    }
  });

  it("F128: SBOM and provenance of each platform come after the images", async () => {
    using shop = workshop();
    const index = await layoutOf(shop, "FROM scratch\nCOPY <<a /a\na\n", { platforms: BOTH, sbom: {}, provenance: {} });
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform?.architecture),
      ["amd64", "arm64", "unknown", "unknown"],
    );
    assert.deepEqual(
      index.manifests.slice(2).map(({ annotations }) => annotations?.["vnd.docker.reference.digest"]),
      index.manifests.slice(0, 2).map(({ digest }) => digest),
    );
  });

  it("F128: the store keeps all platforms, and a push sends all or the one that is asked for", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const { result } = await shop.build("FROM scratch\nCOPY <<a /a\na\n", { platforms: BOTH, tags: ["app:1"] });
    const push = async (name: string, platform?: string): Promise<Index> => {
      const to = `${registry.host}/${name}:1`;
      await using run = pushImage({ root: shop.root, env: {}, image: "app:1", name: to, platform });
      const { digest } = await run.result;
      return JSON.parse(registry.manifest(name, digest)?.bytes.toString() ?? "");
    };
    assert.notEqual(result.manifestDigest, undefined);
    assert.deepEqual(
      (await push("all")).manifests.map(({ platform }) => platform?.architecture),
      ["amd64", "arm64"],
    );
    assert.match((await push("one", "linux/arm64")).mediaType, /manifest/);
  });

  it("F128: tars have a folder for each platform; without folders two platforms cannot have one file", async () => {
    using shop = workshop();
    const text = "FROM scratch\nARG TARGETARCH\nCOPY <<a /$TARGETARCH\na\n";
    const tar = join(shop.folder, "t.tar");
    await shop.build(text, { platforms: BOTH, outputs: [{ type: "tar", dest: tar }] });
    assert.deepEqual(
      readTar(readFileSync(tar)).entries.map(({ name }) => name),
      ["linux_amd64", "linux_amd64/amd64", "linux_arm64", "linux_arm64/arm64"],
    );
    const dest = join(shop.folder, "merged");
    const merged = { platforms: BOTH, outputs: [{ type: "local", dest, platformSplit: false }] } as const;
    await shop.build(text, merged);
    assert.equal(readFileSync(join(dest, "arm64"), "utf8"), readFileSync(join(dest, "amd64"), "utf8"));
    assert.match(
      await failure(shop.build("FROM scratch\nCOPY <<a /a\na\n", merged)),
      /^EXPORT .*linux\/amd64 and linux\/arm64 both have it/,
    );
  });

  it("F128: warnings that all platforms share are told once, annotations go to the platforms that they name", async () => {
    using shop = workshop();
    const { events } = await shop.build("FROM scratch\nLABEL a=b\nCOPY <<x $NOTHING/a\nx\n", { platforms: BOTH });
    assert.equal(events.filter((event) => event.type === "warning" && event.code === "UndefinedVar").length, 1);
    const annotation = { level: "manifest-descriptor", platform: "linux/arm64", key: "k", value: "v" } as const;
    const index = await layoutOf(shop, "FROM scratch\nCOPY <<a /a\na\n", { platforms: BOTH, annotations: [annotation] });
    assert.deepEqual(
      index.manifests.map(({ annotations }) => annotations?.["k"]),
      [undefined, "v"],
    );
  });

  it("F86: a step that nothing can run is refused before the first one runs", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = "FROM scratch\nCOPY busybox /\nRUN echo first\n";
    const problem = await failure(shop.build(text, { platforms: ["linux/amd64", "linux/sparc64"] }));
    assert.equal(problem, "PLATFORM Cannot run a step for linux/sparc64 on linux/amd64: no emulator is registered");
  });
});

describe("a last stage of the machine that builds", () => {
  const text = "FROM --platform=$BUILDPLATFORM tools:1\nARG TARGETARCH\nRUN echo $TARGETARCH > /out\n";
  it("F128: is kept for each platform that was asked for", async () => {
    using shop = workshop();
    addBusybox(shop);
    await shop.build("FROM scratch\nCOPY busybox /\nENV PATH=/bin\n", { tags: ["tools:1"] });
    const dest = join(shop.folder, "out");
    await shop.build(text, { platforms: BOTH, outputs: [{ type: "local", dest }] });
    for (const arch of ["amd64", "arm64"]) assert.equal(readFileSync(join(dest, `linux_${arch}/out`), "utf8"), `${arch}\n`);
    const { manifests } = await layoutOf(shop, text, { platforms: BOTH });
    assert.deepEqual(
      manifests.map(({ platform }) => platform?.architecture),
      ["amd64", "arm64"],
    );
  });
});
