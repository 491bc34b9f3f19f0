/**
 * `npm run bench:ci [-- --runs N]`: a CI machine that has nothing, with the cache of a laptop, beside that laptop. Two stores stand for the machines.
 * The registry of `bench/peers` has the bases, one that is empty takes the cache. Fails when the CI machine runs a step, or makes another image.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { copyExample, packagesOf } from "./app-rows.ts";
import { DECANT, installDecant } from "./builders.ts";
import { openEmptyRegistry } from "./empty-registry.ts";
import { measure, median } from "./measure.ts";
import { FULL } from "./rows.ts";
import { written } from "./table.ts";

const PORT = Number(process.env["PEERS_PORT"] ?? "5000");
const REGISTRY = `127.0.0.1:${PORT}`;
const CACHE_REGISTRY = `127.0.0.1:${PORT + 2}`;
const CACHE = `ref=${CACHE_REGISTRY}/cache/app:latest`;
const MOUNT = "RUN --mount=type=cache,id=npm,target=/root/.npm";

const { values } = parseArgs({ options: { runs: { type: "string", default: "3" } } });
const folder = mkdtempSync(join(tmpdir(), "decant-bench-ci-"));
const place = { sizes: FULL, folder, dockerSocket: "", registry: REGISTRY, emptyRegistry: CACHE_REGISTRY };
const all = new Map<string, readonly Built[]>();
installDecant();
try {
  for (let run = 1; run <= Number(values.runs); run += 1) await compare();
  report();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

interface Machine {
  readonly store: string;
  readonly context: string;
}

interface Built {
  readonly seconds: number;
  readonly executed: number;
  readonly digest: string;
}

/** A machine with its own checkout of the sources, and an empty store. */
function machine(name: string): Machine {
  const [store, context] = [join(folder, name, "store"), join(folder, name, "app")];
  rmSync(join(folder, name), { recursive: true, force: true });
  copyExample(context);
  const dockerfile = `FROM ${REGISTRY}/library/node:18 AS build
WORKDIR /app
COPY package*.json ./
${MOUNT} npm ci --offline --no-audit --no-fund
COPY src src
COPY tsconfig.json ./
RUN npm run build
FROM ${REGISTRY}/library/node:18-slim
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
CMD ["node", "dist/index.js"]
`;
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  return { store, context };
}

async function build({ store, context }: Machine, ...words: readonly string[]): Promise<Built> {
  const metadata = join(folder, "metadata.json");
  const env = { DECANT_ROOT: store };
  const argv = [DECANT, "build", "--progress=plain", "--context-modes=git", "--metadata-file", metadata];
  const { seconds } = await measure({ argv: [...argv, ...words, context], env });
  const why = execFileSync(DECANT, ["why", "--format", "json"], { env: { ...process.env, ...env }, encoding: "utf8" });
  // Both are of our own command.
  const { steps } = JSON.parse(why) as { steps: { name: string; outcome: string }[] };
  const made = JSON.parse(readFileSync(metadata, "utf8")) as { "containerimage.config.digest": string };
  const executed = steps.filter(({ name, outcome }) => outcome === "ran" && /\] (?:RUN|COPY|ADD|WORKDIR)\b/.test(name)).length;
  return { seconds, executed, digest: made["containerimage.config.digest"] };
}

/** npm's cache is what the mount of the laptop has from earlier work. The CI machine gets it with the results, or not at all. */
async function fillMount({ store, context }: Machine): Promise<void> {
  const packages = packagesOf(join(folder, "packages"));
  const file = join(folder, "fill.Dockerfile");
  writeFileSync(
    file,
    `FROM ${REGISTRY}/library/node:18\n${MOUNT.replace("RUN ", "RUN --mount=type=bind,from=packages,target=/packages ")} cp -r /packages/. /root/.npm/\n`,
  );
  const argv = [
    DECANT,
    "build",
    "--progress=plain",
    "-o",
    "type=cacheonly",
    "-f",
    file,
    "--build-context",
    `packages=${packages}`,
    context,
  ];
  await measure({ argv, env: { DECANT_ROOT: store } });
}

async function compare(): Promise<void> {
  await using _registry = await openEmptyRegistry(place);
  const laptop = machine("laptop");
  await fillMount(laptop);
  const to = ["--cache-to", `type=registry,${CACHE},mode=max,mounts=true`];
  const from = ["--cache-from", `type=registry,${CACHE}`];
  const [tagged, pushed] = [
    ["-t", "app"],
    ["-t", `${CACHE_REGISTRY}/app:latest`, "--push"],
  ];
  // A mount travels from the build that runs its step.
  add("laptop: cold, with its cache mount; cache and mount written to the registry", await build(laptop, ...tagged, ...to));
  const warm = await build(laptop, ...tagged);
  add("laptop: nothing changed", warm);
  add("laptop: nothing changed, nothing new to write to the registry", await build(laptop, ...tagged, ...to));
  for (const [what, output] of [
    ["image pushed", pushed],
    ["image in its store", tagged],
  ] as const) {
    const ci = machine("ci");
    const cold = await build(ci, "--expect-cached", ...output, ...from);
    add(`CI: empty store, cache from the registry, ${what}`, cold);
    if (cold.executed !== 0 || cold.digest !== warm.digest)
      throw new Error(`the CI machine ran ${cold.executed} steps and made ${cold.digest}, the laptop ${warm.digest}`);
    add(`CI: the same again, ${what}`, await build(ci, ...output, ...from));
  }
  // The step with the mount runs, and finds in it what the laptop has downloaded: npm is offline.
  const changed = machine("changed");
  const manifest = join(changed.context, "package.json");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"1.0.0"', '"1.0.1"'));
  add(
    "CI: empty store, cache from the registry, package.json changed (npm ci runs offline), image pushed",
    await build(changed, ...pushed, ...from),
  );
}

function add(what: string, built: Built): void {
  const runs = all.get(what) ?? [];
  all.set(what, [...runs, built]);
  console.error(`${what}: ${written(built.seconds)} s, ${built.executed} steps`);
}

function report(): void {
  const rows = [...all].map(
    ([what, built]) =>
      `| ${what} | ${written(median(built.map(({ seconds }) => seconds)))} | ${[...new Set(built.map(({ executed }) => executed))].join(", ")} |`,
  );
  console.log(["| build | s | steps that ran |", "|---|---:|---:|", ...rows].join("\n"));
}
