/** H8: 16 builds of 200 steps at once on one store, each a process of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { verifyStore } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { LOAD_SECONDS, leftIn, lostIn, memoryOf } from "./support.ts";

const BUILDS = 16;
/** With enough time, 200. */
const STEPS = Math.min(200, Math.max(20, 2 * Math.round(LOAD_SECONDS)));
/** Steps that all builds have, and that one of them executes. */
const SHARED = STEPS / 2;
/** Of the steps of a build, so many run a program: they are what takes time. */
const RUNS = Math.max(4, Math.round(STEPS / 4));
/** The promise for a whole tree of processes is 250 MiB. */
const MAX_MIB = 250;

interface Done {
  readonly code: number | null;
  readonly text: string;
  readonly mebibytes: number;
}

function dockerfile(build: number): string {
  const steps = Array.from({ length: STEPS }, (_, at) => {
    const name = at < SHARED ? `s${at}` : `b${build}-${at}`;
    if (Math.floor((at * RUNS) / STEPS) !== Math.floor(((at + 1) * RUNS) / STEPS)) return `RUN echo ${name} > /made-${name}`;
    return at % 2 === 0 ? `COPY file /copied-${name}` : `COPY <<E /text-${name}\n${name}\nE`;
  });
  return `${BUSYBOX}${steps.join("\n")}\n`;
}

async function build(shop: Workshop, number: number, root: string): Promise<Done> {
  const file = join(shop.folder, `Dockerfile${number}`);
  writeFileSync(file, dockerfile(number));
  const output = ["-o", `type=image,name=built${number}:1,rewrite-timestamp=true`, "--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
  const words = ["build", "--progress=plain", ...output, "-f", file, "--iidfile", join(root, `../id${number}`), shop.context];
  const child = spawn(DECANT, words, { env: { ...process.env, DECANT_ROOT: root, NO_COLOR: "1" } });
  let text = "";
  let mebibytes = 0;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const watching = setInterval(() => (mebibytes = Math.max(mebibytes, memoryOf(child.pid ?? 0, "VmHWM"))), 100);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(watching);
  return { code, text, mebibytes };
}

/** Names of the steps that were executed; documents within Dockerfiles are told as steps of their own. */
function executed(text: string): string[] {
  const names = new Map(
    Array.from(text.matchAll(/^#(\d+) \[ *\d+\/\d+\] (.+)$/gm), ([, number = "", name = ""]) => [number, name] as const),
  );
  return Array.from(text.matchAll(/^#(\d+) DONE/gm), ([, number = ""]) => names.get(number)).filter(
    (name): name is string => name !== undefined && !name.startsWith("[internal]"),
  );
}

test(`H8: ${BUILDS} builds of ${STEPS} steps at once, ${RUNS} of which run programs, execute each step once`, async () => {
  using shop = workshop();
  addBusybox(shop);
  shop.write({ file: "file\n" });
  const builds = await Promise.all(Array.from({ length: BUILDS }, (_, number) => build(shop, number, shop.root)));
  assert.deepEqual(
    builds.filter(({ code }) => code !== 0).map(({ text }) => text.slice(-2000)),
    [],
  );
  const steps = builds.flatMap(({ text }) => executed(text));
  const twice = steps.filter((name, at) => steps.indexOf(name) !== at);
  assert.deepEqual(twice, []);
  assert.equal(steps.length, 1 + SHARED + BUILDS * (STEPS - SHARED));
  const most = Math.max(...builds.map(({ mebibytes }) => mebibytes));
  console.log(`${steps.length} steps executed; at most ${Math.round(most)} MiB in a process`);
  assert.ok(most < MAX_MIB, `${most} MiB`);
  assert.deepEqual(leftIn(shop.root), []);
  assert.deepEqual(lostIn(shop.root), []);
  assert.deepEqual((await verifyStore({ root: shop.root, env: {} }).result).problems, []);
  // Nothing depends on who was first.
  const again = await build(shop, BUILDS - 1, shop.root);
  assert.deepEqual([again.code, executed(again.text)], [0, []]);
});
