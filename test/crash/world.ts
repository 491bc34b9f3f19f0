/** The registry, the Dockerfiles and the folders of one run of the harness, and the stores that it works on one after the other. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, loadImages } from "../../src/index.ts";
import { createRandom } from "../fuzz/random.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";
import type { ActionPlaces } from "./actions.ts";
import { cacheBytes, setCap } from "./cap.ts";
import { makeCases } from "./cases.ts";
import { builtHere, createExpected, type Expected } from "./expected.ts";
import { type Ground, openGround } from "./grounds.ts";
import type { LeftPlaces } from "./leftovers.ts";

/** What all stores of a run share; gone when disposed. */
export interface World extends AsyncDisposable {
  readonly expected: Expected;
  /** A build that does little, but runs a step. */
  readonly sweeper: BuildOptions;
  /** What that build takes of a store that has nothing else. */
  readonly sweeperBytes: number;
  /** For files of the checks. */
  readonly folder: string;
  /** Makes a store on a file system. Throws where there is no such file system. */
  openSite(ground: string, options: { readonly isCapped: boolean }): Promise<Site>;
}

/** A store, and what lies around it; unmounted when it is disposed, which fails while anything is open. */
export interface Site extends Disposable {
  readonly ground: Ground;
  readonly places: ActionPlaces;
  readonly left: LeftPlaces;
  /** Of all commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The policy of the store; undefined: it has none. */
  readonly capBytes: number | undefined;
  /** A line of their environment. */
  readonly mark: string;
}

/** Less than two cases take. */
const CAP_BYTES = 2_000_000;

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
  const pulled = `${registry.host}/base:1`;
  const archive = join(shop.folder, "loaded.tar");
  // Its layers are no others': where a store has a layer in two compressions, an image has the one that was there first.
  const origin = { root: folder("origin"), buildArgs: { SOURCE_DATE_EPOCH: "1600000000" } };
  await shop.build(BUSYBOX, { ...origin, outputs: [{ type: "registry", names: [pulled], rewriteTimestamp: true }] });
  shop.write({ "loaded/text": "loaded\n".repeat(50_000) });
  await shop.build("FROM scratch\nCOPY loaded /\n", { ...origin, outputs: [{ type: "docker", dest: archive, names: ["loaded:1"] }] });
  const [first, ...more] = makeCases(shop, createRandom(seed), { count: cases, pulled });
  if (first === undefined) throw new RangeError("a run needs a case");
  const sweeper = join(shop.folder, "sweeper.Dockerfile");
  writeFileSync(sweeper, `FROM ${pulled}\nRUN true\n`);
  // Builds in this process keep their files there as well.
  process.env["TMPDIR"] = folder("tmp");
  const env = { ...process.env, HOME: shop.folder, NO_COLOR: "1", DECANT_CRASH_COMMAND: String(process.pid) };
  const places = { cases: [first, ...more] as const, registry: registry.host, pulled, archive };
  const sweeping: BuildOptions = { context: shop.context, file: sweeper, noCache: true, caCerts: "off", env: {} };
  const swept = folder("swept");
  await builtHere({ ...sweeping, root: swept });
  const sweeperBytes = await cacheBytes(swept);
  let count = 0;
  const resources = opening.move();
  return {
    sweeper: sweeping,
    sweeperBytes,
    expected: createExpected(folder("fresh"), env),
    folder: shop.folder,
    async openSite(name, { isCapped }) {
      count += 1;
      using site = new DisposableStack();
      const ground = site.use(openGround(name, folder(`site${count}`)));
      const left = { root: join(ground.path, "store"), temporary: folder("tmp"), out: join(ground.path, "out") };
      mkdirSync(left.out);
      if (isCapped) setCap(left.root, CAP_BYTES);
      await loadImages({ root: left.root, env: {}, file: archive }).result;
      const kept = site.move();
      return {
        ground,
        left,
        places: { ...places, out: left.out },
        env: { ...env, DECANT_ROOT: left.root },
        capBytes: isCapped ? CAP_BYTES : undefined,
        mark: `DECANT_CRASH_COMMAND=${process.pid}`,
        [Symbol.dispose]: () => kept.dispose(),
      };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
