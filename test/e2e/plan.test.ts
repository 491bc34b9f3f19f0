/** G3: decant plan: what a build would do, before it does it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, type BuildPlan, formatReason, listBuilds, planBuild } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { tarOf } from "../support/archive.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { startFakeRegistry } from "../support/registry.ts";

async function plan(shop: Workshop, text: string, options: Partial<BuildOptions> = {}): Promise<BuildPlan> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, text);
  return await planBuild({ root: shop.root, env: {}, context: shop.context, file, outputs: [{ type: "cacheonly" }], ...options }).result;
}

/** "runs COPY a /a: a: content". */
function verdicts({ steps }: BuildPlan): string[] {
  return steps.map(({ verdict, name, reason, waitsFor }) => {
    const why = reason === undefined ? (waitsFor ?? "") : formatReason(reason);
    return `${verdict} ${name.replace(/^\[[^\]]*\] /, "")}${why === "" ? "" : `: ${why.replace(/^\[[^\]]*\] /, "")}`}`;
  });
}

describe("G3: decant plan", { timeout: 600_000 }, () => {
  it("G3: plans hits and misses with their reasons, and runs nothing", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ a: "1", b: "1" });
    const text = `${BUSYBOX}COPY a /a\nRUN sleep 0.3; cat /a > /out\nFROM scratch\nCOPY --from=base /out /out\nCOPY b /b\n`;
    const before = await plan(shop, text);
    assert.deepEqual(verdicts(before).slice(0, 2), ["runs COPY busybox /: never ran before", "depends COPY a /a: COPY busybox /"]);
    assert.equal(before.untimedSteps, before.steps.length);
    assert.deepEqual(await listBuilds({ root: shop.root }), []);
    await shop.build(text);
    const same = await plan(shop, text);
    assert.ok(same.steps.every(({ verdict }) => verdict === "hit"));
    assert.equal(same.expectedMs, 0);
    shop.write({ a: "2" });
    const changed = await plan(shop, text);
    assert.deepEqual(verdicts(changed), [
      "hit COPY busybox /",
      "runs COPY a /a: a: content",
      "depends RUN sleep 0.3; cat /a > /out: COPY a /a",
      "depends COPY --from=base /out /out: COPY a /a",
      "depends COPY b /b: COPY a /a",
    ]);
    assert.ok(changed.expectedMs >= 300);
    assert.equal(changed.untimedSteps, 0);
    assert.equal((await listBuilds({ root: shop.root })).length, 1);
    assert.deepEqual(
      verdicts(await plan(shop, text, { noCache: true }))[0],
      "runs COPY busybox /: the cache is off for it (--no-cache, --no-cache-filter)",
    );
  });

  it("G3: counts what is pulled and pushed, and fetches no layer", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/base", "v1", { layers: [tarOf([{ path: "base.txt", content: "base" }])] });
    const name = `${registry.host}/team/base:v1`;
    shop.write({ a: "x".repeat(5000) });
    const text = `FROM ${name}\nCOPY a /a\n`;
    const target = { type: "registry", names: [`${registry.host}/team/app:v1`] } as const;
    const first = await plan(shop, text, { outputs: [target] });
    assert.ok(first.pullBytes > 0);
    assert.equal(first.unknownLayers, 1);
    // The configuration, and nothing else.
    assert.equal(registry.log().filter((line) => /GET .*\/blobs\//.test(line)).length, 1);
    assert.deepEqual(verdicts(await plan(shop, `FROM scratch\nCOPY --from=${name} /base.txt /\n`)), [
      `unknown COPY --from=${name} /base.txt /`,
    ]);
    await shop.build(text);
    const second = await plan(shop, text, { outputs: [target] });
    assert.equal(second.pullBytes, 0);
    assert.ok(second.pushBytes > 0);
    await shop.build(text, { outputs: [target] });
    assert.equal((await plan(shop, text, { outputs: [target] })).pushBytes, 0);
  });

  it("G3: the command takes the options of build, prints text or JSON, and heeds --expect-cached", async () => {
    using shop = workshop();
    addBusybox(shop);
    const file = join(shop.folder, "Dockerfile");
    writeFileSync(file, `${BUSYBOX}ARG V=1\nRUN echo $V\n`);
    const decant = async (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> => {
      const env = { ...process.env, DECANT_ROOT: shop.root };
      const { exitCode, stdout } = await runProcess({ argv: [DECANT, ...args, "-f", file, shop.context], env, cwd: shop.folder });
      return { code: exitCode, out: stdout.toString() };
    };
    await decant("build", "-t", "app");
    const cached = await decant("plan", "-t", "app", "--expect-cached");
    assert.match(
      cached.out,
      /^Plan for app \(linux\/\w+\)\nhit {5}\[1\/2\] COPY busybox \/\nhit {5}\[2\/2\] RUN echo \$V\nSteps: 2 cached\nTo pull: 0 B\./,
    );
    assert.equal(cached.code, 0);
    const changed = await decant("plan", "--expect-cached", "--build-arg", "V=2");
    assert.match(changed.out, /\nrun {5}\[2\/2\] RUN echo \$V {2}[\d.]+s\n {8}ARG V: 1 → 2\nSteps: 1 cached, 1 would run\n/);
    assert.equal(changed.code, 1);
    const json = JSON.parse((await decant("plan", "--plan", "json")).out) as BuildPlan;
    assert.deepEqual(
      json.steps.map(({ verdict }) => verdict),
      ["hit", "hit"],
    );
  });
});
