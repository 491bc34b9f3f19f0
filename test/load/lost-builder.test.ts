/** I3: builds on two builders, each a process of its own, one of which is killed while they work. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pool } from "../../src/async.ts";
import { buildersOf } from "../../src/buildkit/index.ts";
import { build } from "../../src/index.ts";
import { addBusybox, workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { stepsEnd } from "../support/events.ts";

const BUILDS = 100;
const AT_ONCE = 4;

interface Builder extends AsyncDisposable {
  readonly address: string;
  readonly child: ChildProcess;
}

/** `decant serve` as people start it: a BuildKit for whoever drives one. */
async function startBuilder(folder: string, name: string): Promise<Builder> {
  const address = `unix://${join(folder, `${name}.sock`)}`;
  const env = { ...process.env, DECANT_ROOT: join(folder, name) };
  const child = spawn(DECANT, ["serve", "--addr", address], { env, stdio: ["ignore", "ignore", "pipe"] });
  for await (const text of child.stderr.setEncoding("utf8").iterator({ destroyOnReturn: false }))
    if (String(text).includes("Serving")) break;
  child.stderr.resume();
  return {
    address,
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

test(`I3: of ${BUILDS} builds on two builders none is lost when one builder is killed`, async () => {
  using shop = workshop();
  addBusybox(shop);
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(
    file,
    "FROM scratch AS base\nCOPY busybox /\nFROM base AS made\nARG N\nRUN echo $N > /n\nFROM scratch\nCOPY --from=made /n /n\n",
  );
  await using one = await startBuilder(shop.folder, "one");
  await using two = await startBuilder(shop.folder, "two");
  const builders = buildersOf(`${one.address},${two.address}`);
  const used = new Set<string>();
  const usedAfter = new Set<string>();
  let lost = 0;
  let done = 0;
  await pool(AT_ONCE, Array.from({ length: BUILDS }), async (_nothing, _signal, at) => {
    const dest = join(shop.folder, "out", String(at));
    const options = {
      root: shop.root,
      context: shop.context,
      file,
      buildArgs: { N: String(at) },
      env: {},
      caCerts: "off",
      builders,
    } as const;
    await using run = build({ ...options, outputs: [{ type: "local", dest }] });
    const events = [];
    for await (const event of run) {
      events.push(event);
      const [, name] = event.type === "vertex.planned" ? (/ run on (.+)$/.exec(event.name) ?? []) : [];
      if (name !== undefined) (one.child.killed ? usedAfter : used).add(name);
      if (event.type === "warning" && event.code === "BuilderLost") lost += 1;
      // In the middle of a step of the builder that works.
      if (done >= BUILDS / 3 && event.type === "vertex.started" && used.has(one.address)) one.child.kill("SIGKILL");
    }
    await run.result;
    stepsEnd(events);
    assert.equal(readFileSync(join(dest, "n"), "utf8"), `${at}\n`);
    done += 1;
  });
  assert.equal(done, BUILDS);
  assert.ok(one.child.killed && used.has(one.address), "the killed one has worked");
  assert.ok(usedAfter.has(two.address), "the other one has gone on");
  assert.ok(lost > 0, "whoever had work there, or looked for it, was told");
});
