/** G5: steps that are run again or take too long, and keys that are the same on all machines. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BuildOptions } from "../../src/index.ts";
import { addBusybox, BUSYBOX, holds, workshop, type Workshop } from "../support/build.ts";

const CACHE_ONLY: Partial<BuildOptions> = { outputs: [{ type: "cacheonly" }] };

/** Fails until it has run `times` times; the count is in a cache mount, which outlives failed steps. */
const FLAKY = (times: number): string => `${BUSYBOX}RUN --mount=type=cache,target=/c <<EOF
set -e
test ! -e /leftover
echo x > /leftover
echo x >> /c/runs
test $(wc -l < /c/runs) -ge ${times}
EOF
`;

function shopWithBusybox(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

describe("G5: --retry and --step-timeout", { timeout: 600_000, concurrency: 2 }, () => {
  it("G5: a failed step runs again from clean files, and says so", async () => {
    using shop = shopWithBusybox();
    const { result, events, log } = await shop.build(FLAKY(3), { retries: 2, ...CACHE_ONLY });
    assert.equal(result.executed, 2);
    const warnings = events.flatMap((event) => (event.type === "warning" && event.code === "StepRetried" ? [event.message] : []));
    assert.equal(warnings.length, 2);
    assert.match(warnings[1] ?? "", /exit code 1; Decant ran the step again \(attempt 3 of 3\)/);
    assert.match(log, /attempt 2 of 3 starts from clean files/);
  });

  it("G5: the last failure is that of the step", async () => {
    using shop = shopWithBusybox();
    await assert.rejects(shop.build(FLAKY(9), { retries: 1, ...CACHE_ONLY }), { code: "RUN_FAILED", message: /failed: exit code 1$/ });
    // Without --retry a step runs once.
    await assert.rejects(shop.build(FLAKY(4), CACHE_ONLY), { code: "RUN_FAILED" });
    assert.equal((await shop.build(FLAKY(4), CACHE_ONLY)).result.executed, 1);
  });

  it("G5: what cannot succeed is not run again", async () => {
    using shop = shopWithBusybox();
    const missing = `${BUSYBOX}RUN --mount=type=secret,id=a,required=true true\n`;
    await assert.rejects(shop.build(missing, { retries: 5, ...CACHE_ONLY }), { code: "RUN_FAILED", message: /secret a: not found/ });
    assert.equal(holds(join(shop.root, "logs"), "attempt").length, 0);
  });

  it("G5: a step that takes too long ends, and is told as such", async () => {
    using shop = shopWithBusybox();
    const slow = `${BUSYBOX}RUN echo begun && sleep 600\n`;
    await assert.rejects(shop.build(slow, { stepTimeoutMs: 700, ...CACHE_ONLY }), {
      code: "RUN_FAILED",
      message: /failed: it took longer than 700ms, so Decant ended it$/,
    });
    assert.equal((await shop.build(`${BUSYBOX}RUN echo begun\n`, { stepTimeoutMs: 60_000, ...CACHE_ONLY })).result.executed, 1);
  });

  it("G5: a step that took too long gets another chance", async () => {
    using shop = shopWithBusybox();
    const slowOnce = `${BUSYBOX}RUN --mount=type=cache,target=/c test -e /c/seen || { touch /c/seen; sleep 600; }\n`;
    const { events } = await shop.build(slowOnce, { retries: 1, stepTimeoutMs: 2000, ...CACHE_ONLY });
    assert.ok(events.some((event) => event.type === "warning" && event.message.includes("took longer than 2s")));
  });
});

describe("G5: secrets in keys", { timeout: 600_000, concurrency: 2 }, () => {
  const TOKEN = `${BUSYBOX}RUN --mount=type=secret,id=token,env=TOKEN true\nRUN --mount=type=secret,id=other true\n`;
  const withToken = (value: string, cacheKey: boolean): Partial<BuildOptions> => ({
    secrets: [
      { id: "token", value, cacheKey },
      { id: "other", value },
    ],
    ...CACHE_ONLY,
  });

  it("G5: cache-key runs a secret's steps anew for a new value, and keeps no value", async () => {
    using shop = shopWithBusybox();
    assert.equal((await shop.build(TOKEN, withToken("first-value", true))).result.executed, 3);
    assert.equal((await shop.build(TOKEN, withToken("first-value", true))).result.executed, 0);
    // The result of the step with the new token is the same, so the step on top of it hits.
    const { result, events } = await shop.build(TOKEN, { ...withToken("second-value", true), explain: true });
    assert.equal(result.executed, 1);
    const reasons = events.flatMap((event) => (event.type === "vertex.missed" ? [event.reason] : []));
    assert.deepEqual(
      reasons.map(({ changes }) => changes),
      [[{ input: "setting", name: "value of secret token", state: "changed" }]],
    );
    for (const value of ["first-value", "second-value"]) assert.deepEqual(holds(shop.root, value), []);
  });

  it("G5: without it a new value changes nothing, as in BuildKit", async () => {
    using shop = shopWithBusybox();
    await shop.build(TOKEN, withToken("first-value", false));
    assert.equal((await shop.build(TOKEN, withToken("second-value", false))).result.executed, 0);
  });

  it("G5: the key is the same on another machine", async () => {
    using here = shopWithBusybox();
    using there = shopWithBusybox();
    const cache = join(here.folder, "cache");
    await here.build(TOKEN, { ...withToken("value", true), cacheTo: [{ type: "local", dest: cache, mode: "max" }] });
    const cacheFrom = [{ type: "local", src: cache }] as const;
    assert.equal((await there.build(TOKEN, { ...withToken("value", true), cacheFrom })).result.executed, 0);
  });
});

describe("G5: modes of context files", { timeout: 600_000 }, () => {
  it("G5: contextModes=git gives laptop and CI the same keys and files", async () => {
    using here = shopWithBusybox();
    using there = shopWithBusybox();
    const dockerfile = `${BUSYBOX}COPY app /app\nRUN --mount=target=/src stat -c '%a %n' /app/run /app/text /app /src/app/run > /modes && cat /modes\n`;
    for (const [shop, bits] of [
      [here, 0o000],
      [there, 0o026],
    ] as const) {
      shop.write({ "app/run": "#!/bin/sh\n", "app/text": "text\n" });
      chmodSync(join(shop.context, "app/run"), 0o755 & ~bits);
      chmodSync(join(shop.context, "app/text"), 0o664 & ~bits);
      chmodSync(join(shop.context, "app"), 0o775 & ~bits);
    }
    const cache = join(here.folder, "cache");
    const options: Partial<BuildOptions> = { contextModes: "git", ...CACHE_ONLY };
    const first = await here.build(dockerfile, { ...options, cacheTo: [{ type: "local", dest: cache, mode: "max" }] });
    assert.match(first.log, /755 \/app\/run\n644 \/app\/text\n755 \/app\n755 \/src\/app\/run/);
    const cacheFrom = [{ type: "local", src: cache }] as const;
    assert.equal((await there.build(dockerfile, { ...options, cacheFrom })).result.executed, 0);
    // Their own modes differ.
    assert.ok((await there.build(dockerfile, { ...CACHE_ONLY, cacheFrom })).result.executed > 0);
    writeFileSync(join(there.context, "app/text"), "other\n");
    assert.ok((await there.build(dockerfile, { ...options, cacheFrom })).result.executed > 0);
  });
});
