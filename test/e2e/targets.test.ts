/** Several targets of one Dockerfile in one build, and stages that must pass besides: one run, one cache, images as those of builds alone. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type AuditReport, type BuildOptions, type BuildResult, isDecantError, listImages } from "../../src/index.ts";
import { addBusybox, workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";
import { startFakeRegistry } from "../support/registry.ts";

const FILE = `FROM scratch AS tools
COPY busybox /
FROM tools AS built
RUN date +%s%N > /out
FROM scratch AS api
COPY --from=built /out /out
LABEL is=api
FROM scratch AS worker
ARG TARGETSTAGE
COPY --from=built /out /bin/out
COPY <<a /a
$TARGETSTAGE
a
FROM built AS test
RUN test -s /out
FROM built AS broken
RUN false
FROM scratch AS final
`;
const EPOCH = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } };

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return "no error";
}

function digests({ targets = [] }: BuildResult): (string | undefined)[] {
  return targets.map(({ target, manifestDigest }) => `${target} ${manifestDigest}`);
}

describe("several targets", { concurrency: 2 }, () => {
  it("F6: two targets are two images of one run, with the digests of single builds", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { result, events } = await shop.build(FILE, { targets: ["api", "Worker"], tags: ["app-{target}:1", "worker=w"], ...EPOCH });
    const names = events.flatMap((event) => (event.type === "vertex.planned" ? [event.name] : []));
    assert.equal(names.filter((name) => name.includes("RUN date")).length, 1);
    assert.deepEqual(
      names.filter((name) => name.includes("exporting")),
      ["[api] exporting to image", "[worker] exporting to image"],
    );
    const images = (await listImages({ root: shop.root })).map(({ name = "" }) => name).toSorted();
    assert.deepEqual(images, ["docker.io/library/app-api:1", "docker.io/library/app-worker:1", "docker.io/library/w:latest"]);
    const alone: string[] = [];
    for (const target of ["api", "worker"]) alone.push(`${target} ${(await shop.build(FILE, { target, ...EPOCH })).result.manifestDigest}`);
    assert.deepEqual(digests(result), alone);
    assert.equal(result.manifestDigest, result.targets?.[0]?.manifestDigest);
    const again = await shop.build(FILE, { targets: ["api", "worker"], expectCached: true, ...EPOCH });
    assert.deepEqual(digests(again.result), alone);
  });

  it("F6: folders and archives have the targets, for each platform", async () => {
    using shop = workshop();
    const text = "FROM scratch AS a\nARG TARGETARCH\nCOPY <<e /$TARGETARCH\ne\nFROM scratch AS b\nCOPY <<e /b\ne\n";
    const out = join(shop.folder, "out");
    const outputs: BuildOptions["outputs"] = [
      { type: "local", dest: out },
      { type: "oci", dest: join(shop.folder, "{target}.tar"), tar: true, names: [] },
    ];
    const { result } = await shop.build(text, { allTargets: true, platforms: ["linux/amd64", "linux/arm64"], outputs });
    assert.deepEqual(readdirSync(out, { recursive: true }).map(String).toSorted(), [
      "a",
      "a/linux_amd64",
      "a/linux_amd64/amd64",
      "a/linux_arm64",
      "a/linux_arm64/arm64",
      "b",
      "b/linux_amd64",
      "b/linux_amd64/b",
      "b/linux_arm64",
      "b/linux_arm64/b",
    ]);
    assert.deepEqual([existsSync(join(shop.folder, "a.tar")), existsSync(join(shop.folder, "b.tar"))], [true, true]);
    assert.deepEqual(
      result.targets?.map(({ target, outputs: all }) => `${target} ${all.length}`),
      ["a 2", "b 2"],
    );
  });

  it("F6: each is pushed under its own name", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const outputs: BuildOptions["outputs"] = [{ type: "registry", names: [`${registry.host}/x/{target}:1`] }];
    const { result } = await shop.build("FROM scratch AS a\nLABEL a=1\nFROM scratch AS b\nLABEL b=1\n", { targets: ["b", "a"], outputs });
    assert.deepEqual(
      result.outputs.flatMap(({ names }) => names),
      [`${registry.host}/x/b:1`, `${registry.host}/x/a:1`],
    );
  });

  it("F6: an audit refuses one, and nothing is written of any; its report says which", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = 'FROM scratch AS good\nCOPY <<e /e\ne\nUSER 65532\nFROM scratch AS bad\nCOPY busybox /\nENTRYPOINT ["/bin/missing"]\n';
    const told: string[] = [];
    const onAudit = ({ counts }: AuditReport, { target }: { readonly target?: string | undefined }): void =>
      void told.push(`${target} ${counts.error > 0}`);
    const message = await failure(shop.build(text, { targets: ["good", "bad"], tags: ["{target}"], audit: "error", onAudit }));
    assert.match(message, /^AUDIT Cannot accept the image of target "bad"/);
    assert.deepEqual(told, ["good false", "bad true"]);
    assert.deepEqual(await listImages({ root: shop.root }), []);
  });

  it("F6: a further stage runs and is not in the result, and its failure is that of the build", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { result, events } = await shop.build(FILE, { target: "api", also: ["test"], tags: ["api"] });
    assert.ok(events.some((event) => event.type === "vertex.planned" && event.name.includes("RUN test -s")));
    assert.deepEqual([result.outputs.length, result.targets], [1, undefined]);
    assert.match(await failure(shop.build(FILE, { target: "api", also: ["broken"], tags: ["other"] })), /^RUN_FAILED .*false/s);
    assert.deepEqual(
      (await listImages({ root: shop.root })).map(({ name }) => name),
      ["docker.io/library/api:latest"],
    );
    assert.match(await failure(shop.build(FILE, { also: ["tests"] })), /^DOCKERFILE_SEMANTIC Cannot build target "tests"/);
  });

  it("F6: the command has --target a,b, --target-all and --also, and a file of metadata for all", () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ Dockerfile: FILE });
    const run = (...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } =>
      commandsIn(shop.folder).decant("build", ...args, "context");
    const meta = join(shop.folder, "meta.json");
    const built = run("--target", "api,worker", "--also", "test", "-t", "{target}:1", "--metadata-file", meta, "-q");
    assert.deepEqual([built.code, built.err], [0, ""]);
    const written: Record<string, Record<string, unknown>> = JSON.parse(readFileSync(meta, "utf8"));
    assert.deepEqual(Object.keys(written), ["api", "worker"]);
    assert.equal(written["worker"]?.["image.name"], "docker.io/library/worker:1");
    assert.equal(
      built.out,
      `${String(written["api"]?.["containerimage.config.digest"])}\n${String(written["worker"]?.["containerimage.config.digest"])}`,
    );
    assert.match(run("--target", "api,worker", "-t", "app").err, /Cannot name the images of 2 targets "app"/);
    assert.match(run("--target", "api,worker", "--iidfile", "x").err, /several targets/);
    assert.match(run("--target", "api,worker", "--check").err, /Cannot use --call with several targets/);
    assert.match(run("--target-all", "--target", "api").err, /Cannot use --target with --target-all/);
    assert.match(run("--target", "api,").err, /a name is empty/);
    assert.match(run("--target-all", "-t", "{target}").err, /broken .*RUN false/);
  });
});
