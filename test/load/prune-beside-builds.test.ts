/** X2: builds, runs and `prune --all` at once, each a process of its own, on one store. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { join } from "node:path";
import { addBusybox, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { leftIn, loadTime, lostIn } from "./support.ts";

/** So few that builders often need what a prune has just judged. */
const VARIANTS = 7;

interface Done {
  readonly args: string;
  readonly code: number | null;
  readonly text: string;
}

async function decant(shop: Workshop, ...args: readonly string[]): Promise<Done> {
  const child = spawn(DECANT, args, { cwd: shop.folder, env: { ...process.env, DECANT_ROOT: shop.root, NO_COLOR: "1" } });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const [code] = (await once(child, "close")) as [number | null];
  return { args: args.join(" "), code, text };
}

test(`X2: builds by two builders, beside runs and prunes of everything, lose nothing`, async () => {
  using shop = workshop();
  addBusybox(shop);
  for (let variant = 0; variant < VARIANTS; variant += 1) shop.write({ [`file${variant}`]: `${variant}\n` });
  shop.write({
    Dockerfile:
      "FROM scratch AS base\nCOPY busybox /\nRUN echo base > /base\nFROM base AS side\nARG V\nCOPY file$V /copied\nRUN cat /copied > /made\n" +
      "FROM base\nARG V\nRUN echo $V > /v\nCOPY --from=side /made /made\n",
  });
  const build = (variant: number, ...more: readonly string[]): Promise<Done> =>
    decant(shop, "build", "--progress=plain", "--build-arg", `V=${variant}`, ...more, shop.context);
  assert.deepEqual(await build(0, "-t", "app0").then(({ code }) => code), 0);

  const failed: Done[] = [];
  const keep = (done: Done): void => void (done.code === 0 || failed.push(done));
  const goesOn = loadTime();
  let builds = 0;
  let prunes = 0;
  const builder = async (first: number): Promise<void> => {
    for (let turn = first; goesOn(); turn += 1) {
      const variant = turn % VARIANTS;
      // Without a name nothing but records keeps what was made.
      keep(await build(variant, ...(turn % 3 === 0 ? ["-t", `app${variant % 2}`] : [])));
      builds += 1;
    }
  };
  const runner = async (): Promise<void> => {
    while (goesOn()) keep(await decant(shop, "run", "--network", "none", "app0", "cat", "/made", "/v"));
  };
  const pruner = async (): Promise<void> => {
    while (goesOn()) {
      keep(await decant(shop, "prune", "--all"));
      prunes += 1;
    }
  };
  await Promise.all([builder(0), builder(3), runner(), pruner()]);
  assert.deepEqual(failed, []);
  assert.ok(prunes > builds / 20, `only ${prunes} prunes beside ${builds} builds`);
  console.log(`${builds} builds, ${prunes} prunes`);

  // What records say that they need is there.
  assert.deepEqual(lostIn(shop.root), []);
  for (const variant of [0, 1]) {
    const saved = await decant(
      shop,
      "build",
      "--build-arg",
      `V=${variant}`,
      "-o",
      `type=oci,dest=${join(shop.folder, "out.tar")}`,
      shop.context,
    );
    assert.equal(saved.code, 0, saved.text);
  }
  assert.deepEqual(leftIn(shop.root), []);
});
