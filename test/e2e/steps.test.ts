/** U2: each piece of work is a step of its own, transfers belong to a step that runs, and a step that waits has not started. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { build, type BuildEvent, type BuildOptions } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { stepsEnd } from "../support/events.ts";
import { startFakeRegistry } from "../support/registry.ts";

const LAYER = tarOf([{ path: "base.txt", content: "base" }]);

/** "start NAME", "transfer ACTION NAME", "cached NAME", "done NAME" in the order of events; names without counters and addresses. */
function told(events: readonly BuildEvent[]): string[] {
  const names = new Map<string, string>();
  const lines: string[] = [];
  for (const event of events) {
    if (!("vertex" in event) || event.type === "log") continue;
    if (event.type === "vertex.missed" || event.type === "vertex.usage") continue;
    if (event.type === "vertex.planned") {
      names.set(
        event.vertex,
        event.name
          .replace(/^\[.*?\] /, "")
          .replace(/127\.0\.0\.1:\d+/, "HOST")
          .replace(/@sha256:\S+/, ""),
      );
      continue;
    }
    const name = names.get(event.vertex);
    assert.ok(name !== undefined, `nobody announced ${event.vertex}`);
    lines.push(event.type === "transfer" ? `${event.action} ${name}` : `${event.type.replace("vertex.", "")} ${name}`);
  }
  return lines.filter((line, at) => line !== lines[at - 1]);
}

/** The events of a build that fails. */
async function failingEvents(shop: Workshop, dockerfile: string): Promise<BuildEvent[]> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, dockerfile);
  await using run = build({ root: shop.root, env: {}, caCerts: "off", context: shop.context, file });
  const events: BuildEvent[] = [];
  for await (const event of run) events.push(event);
  await assert.rejects(run.result);
  stepsEnd(events);
  return events;
}

/** Exports are steps of their own. */
const CACHE_ONLY: Partial<BuildOptions> = { outputs: [{ type: "cacheonly" }] };

describe("U2: steps of a build", () => {
  it("FROM is running while its layers come, and the steps on it wait", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const { events } = await shop.build(`FROM ${registry.host}/team/app:v1\nCOPY a /\n`, CACHE_ONLY);
    const lines = told(events);
    const from = "FROM HOST/team/app:v1";
    assert.deepEqual(
      lines.filter((line) => !/load /.test(line)),
      [`started ${from}`, `pull ${from}`, `done ${from}`, "started COPY a /", "done COPY a /"],
    );
    assert.ok(lines.includes("read load build context"), lines.join("\n"));
    const again = told((await shop.build(`FROM ${registry.host}/team/app:v1\nCOPY a /\n`, CACHE_ONLY)).events);
    assert.ok(again.includes(`cached ${from}`) && !again.includes("read load build context"), again.join("\n"));
  });

  it("a base of which nobody needs a file is not pulled, and is said to be done with", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const { events } = await shop.build(`FROM ${registry.host}/team/app:v1\nLABEL a=b\n`, CACHE_ONLY);
    assert.deepEqual(
      told(events).filter((line) => !/load /.test(line)),
      ["cached FROM HOST/team/app:v1"],
    );
  });

  it("layers that only an export needs come in the step of the export", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const { events } = await shop.build(`FROM ${registry.host}/team/app:v1\nLABEL a=b\n`, { tags: ["app"] });
    const lines = told(events);
    assert.ok(lines.indexOf("pull exporting to image") > lines.indexOf("started exporting to image"), lines.join("\n"));
    assert.equal(
      lines.some((line) => line.startsWith("pull FROM")),
      false,
    );
  });

  it("unpacking many files for a RUN is a step of its own, before the RUN", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`many/${at}`, `${at}`])));
    const { events } = await shop.build(`${BUSYBOX}COPY many /many\nRUN true\n`);
    const lines = told(events);
    const unpacked = lines.findIndex((line) => /^done unpack layers for \[.*\] RUN true$/.test(line));
    assert.ok(unpacked >= 0, lines.join("\n"));
    assert.ok(lines.indexOf("started RUN true") > unpacked);
  });

  it("a large file is hashed, written and unpacked with bytes that grow", async () => {
    using shop = workshop();
    addBusybox(shop);
    const size = 20 * 1024 * 1024;
    shop.write({ big: "x".repeat(size), small: "x" });
    const { events } = await shop.build(`${BUSYBOX}COPY small /\nCOPY big /\nRUN true\n`);
    const transfers = events.filter((event) => event.type === "transfer");
    const [reads, writes, unpacks] = (["read", "write", "unpack"] as const).map((action) =>
      transfers.filter((event) => event.action === action && event.currentBytes > 1),
    );
    assert.ok((reads?.[0]?.currentBytes ?? size) < size);
    assert.ok((reads?.at(-1)?.currentBytes ?? 0) > size);
    const steps = events.filter((event) => event.type === "vertex.planned" && event.vertex === writes?.[0]?.vertex);
    assert.match(JSON.stringify(steps), /COPY big/);
    assert.equal(new Set(writes?.filter(({ id }) => id === "the layer").map(({ vertex }) => vertex)).size, 1);
    assert.ok(
      unpacks?.some(({ totalBytes }) => totalBytes === size),
      JSON.stringify(unpacks),
    );
  });

  it("copying many files of the context for a mount is one, too", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`many/${at}`, `${at}`])));
    const { events } = await shop.build(`${BUSYBOX}RUN --mount=type=bind,source=many,target=/m true\n`);
    const lines = told(events);
    assert.ok(
      lines.some((line) => line.startsWith("done copy the build context for [")),
      lines.join("\n"),
    );
  });

  it("a missing file of the context fails the step that copies it, not the context", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    const lines = told(await failingEvents(shop, "FROM scratch\nCOPY a /\nCOPY missing /\n"));
    assert.deepEqual(lines.filter((line) => /^(?:failed|done) /.test(line)).toSorted(), [
      "done COPY a /",
      "done load build context",
      "failed COPY missing /",
    ]);
  });

  it("a running step is said to be cancelled when another fails", async () => {
    using shop = workshop();
    addBusybox(shop);
    const dockerfile = `${BUSYBOX}FROM base AS slow\nRUN sleep 20\nFROM base\nRUN sleep 1; false\nCOPY --from=slow /bin/sh /\n`;
    const lines = told(await failingEvents(shop, dockerfile));
    assert.ok(lines.includes("cancelled RUN sleep 20"), lines.join("\n"));
  });
});
