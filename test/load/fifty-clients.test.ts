/** H8: 50 clients at once build at `decant serve`, in waves, until the time is over. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";
import { connectTestClient } from "../support/buildkit-client.ts";
import { readTar } from "../support/read-tar.ts";
import { startServer } from "../crash/server.ts";
import { leftIn, loadTime, lostIn, memoryOf } from "./support.ts";

const CLIENTS = 50;
/** What a server may grow by after its first wave: caches fill, and pages stay with the process. */
const MAX_GROWN_MIB = 150;

test(`H8: ${CLIENTS} clients at once each get their own files, and the server stays as large as it is`, async () => {
  using shop = workshop();
  addBusybox(shop);
  const door = join(shop.folder, "door");
  const env = { ...process.env, DECANT_ROOT: shop.root, NO_COLOR: "1" };
  const server = await startServer(env, door);
  const goesOn = loadTime();
  const sizes: number[] = [];
  const handles: number[] = [];
  let waves = 0;
  for (; waves < 3 || goesOn(); waves += 1) {
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => buildAt(door, shop.folder, number, waves)));
    sizes.push(memoryOf(server.pid, "VmRSS"));
    handles.push(readdirSync(`/proc/${server.pid}/fd`).length);
  }
  console.log(`${waves} waves of ${CLIENTS}; ${sizes.map(Math.round).join(", ")} MiB; ${handles.join(", ")} handles`);
  const [first = 0] = sizes;
  const [last = 0, firstHandles = 0, lastHandles = 0] = [sizes.at(-1), handles[0], handles.at(-1)];
  assert.ok(last < first + MAX_GROWN_MIB, `from ${first} to ${last} MiB`);
  // Clients that have gone hold nothing; a few may not have been seen to go.
  assert.ok(lastHandles < firstHandles + CLIENTS, `from ${firstHandles} to ${lastHandles} handles`);
  assert.deepEqual(await server.end().then(({ code, text }) => [code, text.split("\n").length]), [0, 2]);
  assert.deepEqual(leftIn(shop.root), []);
  assert.deepEqual(lostIn(shop.root), []);
});

/** One client: a context that no other has, a step that all have and one of its own; what comes back is its own. */
async function buildAt(door: string, folder: string, number: number, wave: number): Promise<void> {
  const [context, dockerfile] = [join(folder, "context"), join(folder, `client${number}`)];
  mkdirSync(dockerfile, { recursive: true });
  const word = `client ${number} in wave ${wave}`;
  const steps = number % 5 === 0 ? `RUN echo ${word} > /own\n` : `COPY <<E /own\n${word}\nE\n`;
  writeFileSync(join(dockerfile, "Dockerfile"), `${BUSYBOX}RUN echo all > /all\n${steps}FROM scratch\nCOPY --from=base /own /all /\n`);
  await using client = connectTestClient(door);
  const { archives } = await client.build({
    folders: { context, dockerfile },
    sharedKey: `client${number}`,
    solve: { exporters: [{ type: "tar", attrs: {} }] },
  });
  const files = readTar(archives[0] ?? Buffer.alloc(0)).entries.map(({ name, content }) => [
    name.replace(/^\.?\//, ""),
    content.toString(),
  ]);
  assert.deepEqual(Object.fromEntries(files), { own: `${word}\n`, all: "all\n" });
}
