/**
 * X7: memory of builds that are large in one way. Each runs with a JavaScript heap that objects for each file, or lists for each step, do not fit
 * into: what V8 cannot allocate ends the process. No test looks at resident memory, which differs between machines. `npm run bench:scale` does.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

async function buildWith(shop: Workshop, heapMegabytes: number, text: string): Promise<void> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, text);
  // Kept code would be in the heap whole, also what no such build calls.
  const limits = { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`, NODE_DISABLE_COMPILE_CACHE: "1" };
  const env = { ...process.env, ...limits, DECANT_ROOT: shop.root };
  const { exitCode, stderr } = await runProcess({
    argv: [DECANT, "build", "--progress=none", "-f", file, shop.context],
    env,
    cwd: shop.folder,
  });
  assert.equal(exitCode, 0, stderr.toString());
}

describe("X7: memory", { timeout: 600_000 }, () => {
  it("X7: COPY of 20,000 files keeps no objects for each", async () => {
    using shop = workshop();
    shop.write(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`files/d${Math.floor(at / 100)}/f${at}.txt`, `${at}\n`])));
    const text = "FROM scratch\nCOPY files /files\n";
    // It needs 14.
    await buildWith(shop, 22, text);
    await buildWith(shop, 22, text);
  });

  it("X7: 400 stages are not all in work at once, and no step has a list of all layers", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    const numbers = Array.from({ length: 400 }, (_, stage) => stage);
    const stages = numbers.map((stage) => `FROM scratch AS s${stage}\nCOPY a /a${stage}\n`);
    const text = [...stages, "FROM scratch\n", ...numbers.map((stage) => `COPY --from=s${stage} /a${stage} /\n`)].join("");
    // It needs less than 24.
    await buildWith(shop, 36, text);
    await buildWith(shop, 36, text);
  });
});
