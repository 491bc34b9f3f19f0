/** The store, the registry and the folders of one run of the harness. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadImages } from "../../src/index.ts";
import { createRandom } from "../fuzz/random.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";
import type { ActionPlaces } from "./actions.ts";
import { makeCases } from "./cases.ts";
import { createExpected, type Expected } from "./expected.ts";
import type { LeftPlaces } from "./leftovers.ts";

/** All of it; gone when disposed. */
export interface World extends AsyncDisposable {
  readonly places: ActionPlaces;
  readonly left: LeftPlaces;
  readonly expected: Expected;
  /** Arguments of a build that does little, but runs a step. */
  readonly sweeper: readonly string[];
  /** For files of the checks. */
  readonly folder: string;
  /** Of all commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line of their environment. */
  readonly mark: string;
}

/** Makes one: `cases` Dockerfiles of the seed. */
export async function openWorld(seed: number, cases: number): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const shop: Workshop = opening.use(workshop());
  const registry = opening.use(await startFakeRegistry());
  addBusybox(shop);
  const folder = (name: string): string => {
    const path = join(shop.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const [left, fresh] = [{ root: shop.root, temporary: folder("tmp"), out: folder("out") }, folder("fresh")];
  const pulled = `${registry.host}/base:1`;
  const archive = join(shop.folder, "loaded.tar");
  // Its layers are no others': where a store has a layer in two compressions, an image has the one that was there first.
  const origin = { root: folder("origin"), buildArgs: { SOURCE_DATE_EPOCH: "1600000000" } };
  await shop.build(BUSYBOX, { ...origin, outputs: [{ type: "registry", names: [pulled], rewriteTimestamp: true }] });
  shop.write({ "loaded/text": "loaded\n".repeat(50_000) });
  await shop.build("FROM scratch\nCOPY loaded /\n", { ...origin, outputs: [{ type: "docker", dest: archive, names: ["loaded:1"] }] });
  await loadImages({ root: shop.root, env: {}, file: archive }).result;
  const [first, ...more] = makeCases(shop, createRandom(seed), { count: cases, pulled });
  if (first === undefined) throw new RangeError("a run needs a case");
  const sweeper = join(shop.folder, "sweeper.Dockerfile");
  writeFileSync(sweeper, `FROM ${pulled}\nRUN true\n`);
  const mark = `DECANT_CRASH_COMMAND=${process.pid}`;
  const env = {
    ...process.env,
    DECANT_ROOT: shop.root,
    TMPDIR: left.temporary,
    HOME: shop.folder,
    NO_COLOR: "1",
    DECANT_CRASH_COMMAND: String(process.pid),
  };
  const resources = opening.move();
  return {
    places: { cases: [first, ...more], registry: registry.host, pulled, archive, out: left.out },
    left,
    sweeper: ["-f", sweeper, shop.context],
    expected: createExpected(fresh, env),
    folder: shop.folder,
    env,
    mark,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
