/** Annotations at every level (F119), and BUILDKIT_MULTI_PLATFORM: an index around one image (F46), through all outputs. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type AnnotationSpec, type BuildOptions, isDecantError, pruneStore, pullImage, pushImage } from "../../src/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { OCI_INDEX } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { gitServer, testRepository } from "../support/git-server.ts";

const TEXT = "FROM scratch\nCOPY <<a /a\na\n";
const INDEX = { BUILDKIT_MULTI_PLATFORM: "1" };
const ALL: readonly AnnotationSpec[] = (["manifest", "manifest-descriptor", "index", "index-descriptor"] as const).map((level) => ({
  level,
  key: `org.example.${level}`,
  value: "x",
}));

interface Document {
  readonly mediaType: string;
  readonly manifests?: readonly (Document & { readonly digest: string; readonly platform?: object })[];
  readonly layers?: readonly Document[];
  readonly annotations?: Readonly<Record<string, string>>;
}

function blob(folder: string, digest: string): Document {
  return JSON.parse(readFileSync(join(folder, "blobs", digest.replace(":", "/")), "utf8"));
}

/** Every document of an OCI layout, outermost first: its type, and the names of its annotations. */
async function written(shop: Workshop, options: Partial<BuildOptions>): Promise<string> {
  const dest = join(shop.folder, `layout${Math.random()}`);
  await shop.build(TEXT, { outputs: [{ type: "oci", dest, tar: false, names: [] }], ...options });
  const lines: string[] = [];
  const tell = (what: string, { mediaType, annotations = {} }: Document): void => {
    const names = Object.keys(annotations).filter((name) => name !== "org.opencontainers.image.created");
    lines.push(
      `${what} ${mediaType.replace(/.*\.(index|manifest)\..*/, "$1")}: ${names.map((name) => name.replace("org.example.", "")).join(" ")}`,
    );
  };
  const follow = (document: Document): void => {
    for (const entry of document.manifests ?? []) {
      tell("descriptor of", entry);
      const named = blob(dest, entry.digest);
      tell("the", named);
      follow(named);
    }
  };
  follow(JSON.parse(readFileSync(join(dest, "index.json"), "utf8")));
  return lines.join("\n");
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.message} | ${error.hint ?? ""}`;
    throw error;
  }
  return "no error";
}

describe("annotations", { concurrency: 2 }, () => {
  it("go where their level says, in an index and without one", async () => {
    using shop = workshop();
    const ofManifest = ALL.filter(({ level }) => level === "manifest" || level === "manifest-descriptor");
    assert.equal(await written(shop, { annotations: ofManifest }), "descriptor of manifest: manifest-descriptor\nthe manifest: manifest");
    assert.equal(
      await written(shop, { annotations: ALL, buildArgs: INDEX }),
      "descriptor of index: index-descriptor\nthe index: index\ndescriptor of manifest: manifest-descriptor\nthe manifest: manifest",
    );
  });

  it("come from the output too, and those of the build win", async () => {
    using shop = workshop();
    const dest = join(shop.folder, "layout");
    const own: readonly AnnotationSpec[] = [
      { key: "a", value: "output" },
      { key: "b", value: "output" },
    ];
    await shop.build(TEXT, {
      outputs: [{ type: "oci", dest, tar: false, names: [], annotations: own }],
      annotations: [{ key: "a", value: "build" }],
    });
    const index: Document = JSON.parse(readFileSync(join(dest, "index.json"), "utf8"));
    assert.deepEqual(blob(dest, index.manifests?.[0]?.digest ?? "").annotations, { a: "build", b: "output" });
  });

  it("may be for one platform, which must be built", async () => {
    using shop = workshop();
    const forPlatform = (platform: string): Partial<BuildOptions> => ({
      platforms: ["linux/amd64"],
      annotations: [{ platform, key: "org.example.a", value: "x" }],
    });
    assert.equal(await written(shop, forPlatform("linux/amd64")), "descriptor of manifest: \nthe manifest: a");
    assert.match(await failure(written(shop, forPlatform("linux/arm64"))), /^USAGE .*no platform linux\/arm64 found in source/);
  });

  it("need an index, or OCI media types, where only those have a place for them", async () => {
    using shop = workshop();
    const ofIndex: readonly AnnotationSpec[] = [{ level: "index", key: "a", value: "x" }];
    assert.match(
      await failure(shop.build(TEXT, { tags: ["a"], annotations: ofIndex })),
      /^USAGE .*index annotations not supported for single platform export.*\| Pass --build-arg BUILDKIT_MULTI_PLATFORM=1/,
    );
    const docker = { outputs: [{ type: "image", names: ["a"], push: false, ociMediaTypes: false }] } as const;
    assert.match(await failure(shop.build(TEXT, { ...docker, annotations: ofIndex, buildArgs: INDEX })), /^USAGE .*wanted OCI media types/);
    assert.match(
      await failure(shop.build(TEXT, { outputs: [{ type: "docker", dest: join(shop.folder, "a.tar"), names: [] }], buildArgs: INDEX })),
      /^USAGE .*docker archive of an index/,
    );
  });

  it("H3: of the layers of a base are those of its registry, also after a prune of the cache", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const base = `${registry.host}/base:1`;
    const epoch = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } };
    await shop.build(TEXT, { ...epoch, outputs: [{ type: "registry", names: [base], rewriteTimestamp: true }] });
    using other = workshop();
    const annotations = async (): Promise<unknown> => {
      const dest = join(other.folder, `out${Math.random()}`);
      await other.build(`FROM ${base}\nCOPY <<b /b\nb\n`, { ...epoch, outputs: [{ type: "oci", dest, tar: false, names: [] }] });
      const index: Document = JSON.parse(readFileSync(join(dest, "index.json"), "utf8"));
      return blob(dest, index.manifests?.[0]?.digest ?? "").layers?.map((layer) => layer.annotations);
    };
    await pullImage({ image: base, root: other.root, env: {} }).result;
    const before = await annotations();
    assert.deepEqual(before, [{ "buildkit/rewritten-timestamp": "1700000000" }, undefined]);
    await pruneStore({ root: other.root, env: {}, all: true }).result;
    assert.deepEqual(await annotations(), before);
  });

  it("stay when the image is pushed from the store", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const name = `${registry.host}/app:1`;
    await shop.build(TEXT, { tags: [name], annotations: ALL, buildArgs: INDEX });
    await using run = pushImage({ image: name, root: shop.root, env: {} });
    const { digest } = await run.result;
    const index: Document = JSON.parse(String(registry.manifest("app", digest)?.bytes ?? "{}"));
    assert.deepEqual(index.annotations, { "org.example.index": "x" });
    assert.deepEqual(
      index.manifests?.map(({ annotations, platform }) => [annotations, platform !== undefined]),
      [[{ "org.example.manifest-descriptor": "x" }, true]],
    );
  });
});

describe("BUILDKIT_MULTI_PLATFORM", { concurrency: 2 }, () => {
  it("gives files a folder for their platform, unless the output says otherwise", async () => {
    using shop = workshop();
    const at = (name: string): string => join(shop.folder, name);
    const options = { platforms: ["linux/amd64"], buildArgs: INDEX };
    await shop.build(TEXT, {
      ...options,
      outputs: [
        { type: "local", dest: at("a") },
        { type: "local", dest: at("b"), platformSplit: false },
      ],
    });
    assert.deepEqual([existsSync(at("a/linux_amd64/a")), existsSync(at("b/a"))], [true, true]);
    await shop.build(TEXT, { platforms: ["linux/amd64"], outputs: [{ type: "tar", dest: at("c.tar"), platformSplit: true }] });
    assert.match(readFileSync(at("c.tar"), "latin1"), /^linux_amd64\/\0[^]*linux_amd64\/a\0/);
  });

  it("names attestations by what the output says", async () => {
    using shop = workshop();
    const at = (name: string): string => join(shop.folder, name);
    const provenance = { platforms: ["linux/amd64"], provenance: {} };
    await shop.build(TEXT, { ...provenance, outputs: [{ type: "local", dest: at("a"), attestationPrefix: "said." }] });
    assert.equal(existsSync(at("a/said.provenance.json")), true);
    await shop.build(TEXT, { ...provenance, buildArgs: INDEX, outputs: [{ type: "local", dest: at("b"), platformSplit: false }] });
    assert.equal(existsSync(at("b/provenance.linux_amd64.json")), true);
  });
});

describe("F4: --auto-annotations", () => {
  /** The annotations of the manifest of an OCI layout. */
  const manifestOf = (dest: string): Readonly<Record<string, string>> | undefined => {
    const index: Document = JSON.parse(readFileSync(join(dest, "index.json"), "utf8"));
    return blob(dest, index.manifests?.[0]?.digest ?? "").annotations;
  };

  it("names the base and what it stood for, through stages, and the time", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const config = { architecture: "amd64", os: "linux" };
    const layers = [tarOf([{ path: "base", content: "base" }])];
    const platform = { architecture: "amd64", os: "linux" };
    const image = { ...registry.addImage("team/base", "amd64", { layers, config }), platform };
    const index = registry.addManifest("team/base", "1", OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image] });
    const dest = join(shop.folder, "out");
    const outputs = [{ type: "oci", dest, tar: false, names: [] }] as const;
    const text = `FROM ${registry.host}/team/base:1 AS a\nFROM a\nCOPY <<b /b\nb\n`;
    const options: Partial<BuildOptions> = { platforms: ["linux/amd64"], env: { SOURCE_DATE_EPOCH: "1700000000" }, outputs };
    await shop.build(text, options);
    assert.equal(manifestOf(dest), undefined, "only where it is asked for");
    await shop.build(text, {
      ...options,
      autoAnnotations: true,
      annotations: [{ key: "org.opencontainers.image.created", value: "mine" }],
    });
    assert.deepEqual(manifestOf(dest), {
      "org.opencontainers.image.base.digest": index.digest,
      "org.opencontainers.image.base.name": `${registry.host}/team/base:1`,
      "org.opencontainers.image.created": "mine",
    });
    await shop.build("FROM scratch\nCOPY <<b /b\nb\n", { ...options, autoAnnotations: true });
    assert.deepEqual(manifestOf(dest), { "org.opencontainers.image.created": "2023-11-14T22:13:20Z" });
  });

  it("names repository and commit of a git context", async () => {
    using shop = workshop();
    const commit = testRepository(join(shop.folder, "app")).commit({ Dockerfile: "FROM scratch\nCOPY x /\n", x: "x" });
    await using server = await gitServer(shop.folder);
    const dest = join(shop.folder, "out");
    const outputs = [{ type: "oci", dest, tar: false, names: [] }] as const;
    const env = { PATH: process.env["PATH"], SOURCE_DATE_EPOCH: "1700000000" };
    await shop.buildAs({ context: `${server.url}/app.git#main`, root: shop.root, env, outputs, autoAnnotations: true });
    assert.deepEqual(manifestOf(dest), {
      "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
      "org.opencontainers.image.revision": commit,
      "org.opencontainers.image.source": `${server.url}/app.git`,
    });
  });
});

describe("F4: attestations=false of an output", () => {
  it("leaves them out there, and keeps the digest of the image", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const name = `${registry.host}/team/app:1`;
    const dest = join(shop.folder, "files");
    await shop.build(TEXT, {
      sbom: {},
      provenance: {},
      outputs: [
        { type: "registry", names: [name] },
        { type: "registry", names: [`${name}-bare`], attestations: false },
        { type: "registry", names: [`${name}-docker`], attestations: false, ociMediaTypes: false },
        { type: "local", dest, attestations: false },
      ],
    });
    const read = (tag: string): Document => JSON.parse(registry.manifest("team/app", tag)?.bytes.toString() ?? "{}");
    assert.deepEqual(
      read("1").manifests?.map(({ platform }) => Reflect.get(platform ?? {}, "os")),
      ["linux", "unknown"],
    );
    const image = registry.manifest("team/app", read("1").manifests?.[0]?.digest ?? "");
    assert.deepEqual(registry.manifest("team/app", "1-bare")?.bytes, image?.bytes);
    assert.match(read("1-docker").mediaType, /docker\.distribution\.manifest/);
    assert.deepEqual(readdirSync(dest), ["a"]);
    const refused = shop.build(TEXT, { provenance: {}, outputs: [{ type: "registry", names: [name], ociMediaTypes: false }] });
    assert.match(await failure(refused), /attestations=false$/);
  });
});
