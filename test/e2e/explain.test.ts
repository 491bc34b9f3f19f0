/** G3: why steps run, by the command: while a build works, and afterwards. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { build as startBuild, explainBuild, formatReason, listBuilds } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function decant(shop: Workshop, ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, DECANT_ROOT: shop.root, DECANT_CONFIG: "" };
  const { exitCode, stdout, stderr } = await runProcess({ argv: [DECANT, ...args], env, cwd: shop.folder });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

async function build(shop: Workshop, text: string, ...args: readonly string[]): Promise<Ended> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, text);
  return await decant(shop, "build", "--explain", "--progress", "plain", "-o", "type=cacheonly", "-f", file, ...args, shop.context);
}

function whys({ err }: Ended): string[] {
  return [...err.matchAll(/^#\d+ why: (.*)$/gm)].map(([, why = ""]) => why);
}

describe("G3: --explain", { timeout: 600_000 }, () => {
  it("G3: tells what changed of each kind of input, in one line under the step", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "src/a": "1", "src/b": "1" });
    const text = (command = "echo $V"): string => `${BUSYBOX}ARG V=1\nARG API_TOKEN\nENV E=1\nCOPY src /src\nRUN ${command}\n`;
    const first = whys(await build(shop, text(), "--build-arg", "API_TOKEN=hunter1"));
    assert.deepEqual(new Set(first), new Set(["never ran before"]));
    shop.write({ "src/b": "2" });
    chmodSync(join(shop.context, "src/a"), 0o755);
    const files = await build(shop, text(), "--build-arg", "API_TOKEN=hunter1");
    assert.deepEqual(whys(files), ["src/a: mode 644 → 755; src/b: content", 'parent step "COPY src /src": its result changed']);
    assert.match(files.err, /^#\d+ \[3\/3\] RUN echo \$V\n#\d+ why: parent step/m);
    const secret = await build(shop, text(), "--build-arg", "API_TOKEN=hunter2", "--build-arg", "V=2");
    assert.deepEqual(whys(secret), ["ARG V: 1 → 2; ARG API_TOKEN: changed (its value is not shown)"]);
    const env = await build(shop, text().replace("E=1", "E=2"), "--build-arg", "API_TOKEN=hunter2", "--build-arg", "V=2");
    assert.deepEqual(whys(env), ["ENV E: 1 → 2"]);
    assert.deepEqual(whys(await build(shop, text("echo other"), "--build-arg", "API_TOKEN=hunter1")), [
      "instruction: RUN echo $V → RUN echo other",
    ]);
    const off = await build(shop, text(), "--build-arg", "API_TOKEN=hunter1", "--no-cache");
    assert.deepEqual(new Set(whys(off)), new Set(["the cache is off for it (--no-cache, --no-cache-filter)"]));
  });

  it("G3: tells which files of a mount changed, of the context and of a stage", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "src/a": "1", "src/sub/b": "1", c: "1" });
    const text = `FROM scratch AS data\nCOPY c /d/c\n${BUSYBOX}RUN --mount=from=data,source=/d,target=/d cat /d/c\nRUN --mount=source=src,target=/s cat /s/sub/b\n`;
    await build(shop, text);
    shop.write({ "src/sub/b": "2", "src/new": "1", c: "2" });
    assert.deepEqual(whys(await build(shop, text)), ["c: content", "d/c: content", "src/new: new; src/sub/b: content"]);
  });

  it("G3: tells of another base image, with both digests", async () => {
    using shop = workshop();
    addBusybox(shop);
    const base = async (content: string): Promise<void> => {
      await shop.build(`${BUSYBOX}RUN echo ${content} > /version\n`, { tags: ["base"] });
    };
    await base("1");
    await build(shop, "FROM base\nRUN cat /version\n");
    await base("2");
    const [why = ""] = whys(await build(shop, "FROM base\nRUN cat /version\n"));
    assert.match(why, /^base image: \S*base:latest@sha256:[0-9a-f]{64} → \S*base:latest@sha256:[0-9a-f]{64}$/);
  });

  it("G3: tells that a prune removed a result, and when", async () => {
    using shop = workshop();
    addBusybox(shop);
    await build(shop, `${BUSYBOX}RUN true\n`);
    assert.equal((await decant(shop, "prune", "--all", "--force")).code, 0);
    assert.match(
      whys(await build(shop, `${BUSYBOX}RUN true\n`))[0] ?? "",
      /^a prune removed its result at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
    );
  });

  it("G3: decant why works for builds that were cancelled", async () => {
    using shop = workshop();
    addBusybox(shop);
    const file = join(shop.folder, "Dockerfile");
    await shop.build(`${BUSYBOX}RUN true\n`);
    writeFileSync(file, `${BUSYBOX}RUN sleep 60\n`);
    await using run = startBuild({ root: shop.root, env: {}, context: shop.context, file, outputs: [{ type: "cacheonly" }] });
    let sleeping: string | undefined;
    for await (const event of run) {
      if (event.type === "vertex.planned" && event.name.endsWith("RUN sleep 60")) sleeping = event.vertex;
      if (event.type === "vertex.started" && event.vertex === sleeping) break;
    }
    run.cancel(new Error("enough"));
    await assert.rejects(run.result, /enough/);
    const { out } = await decant(shop, "why");
    assert.match(out, /^Build \w+: .*, cancelled after/);
    assert.match(out, /RUN sleep 60: cancelled [\d.]+s\n {3}instruction: RUN true → RUN sleep 60\n/);
  });

  it("G3: decant why works for builds that failed, with all paths, and without --explain", async () => {
    using shop = workshop();
    addBusybox(shop);
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`src/f${index}`, "1"]));
    shop.write(many);
    const text = `${BUSYBOX}COPY src /src\nRUN test "$(cat /src/f0)" = 1\n`;
    await shop.build(text);
    shop.write(Object.fromEntries(Object.keys(many).map((name) => [name, "2"])));
    await assert.rejects(shop.build(text), { code: "RUN_FAILED" });
    const { out } = await decant(shop, "why");
    assert.match(out, /^Build \w+: .*, failed after [\d.]+s\n/);
    assert.equal(out.match(/^ {3}src\/f\d+: content$/gm)?.length, 30);
    assert.match(out, /: hit\n {3}result of an earlier build\n/);
    assert.match(out, /RUN test .*: failed [\d.]+s\n {3}parent step "COPY src \/src": its result changed\n/);
    const [second, first] = await listBuilds({ root: shop.root });
    const between = await decant(shop, "why", first?.id ?? "", second?.id ?? "");
    assert.match(between.out, /\nAgainst build \w+: /);
    assert.match(between.out, /COPY busybox \/: hit\n {3}the same inputs\n/);
    assert.match(between.out, /COPY src \/src: ran [\d.]+s\n {3}src\/f0: content\n/);
    const { steps } = await explainBuild({ root: shop.root, build: second?.id });
    assert.equal(formatReason(steps.find(({ outcome }) => outcome === "failed")?.reason ?? { kind: "first" }).slice(0, 11), "parent step");
  });
});
