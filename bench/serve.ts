/**
 * `npm run bench:serve [-- --runs N] [--minutes 5] [--only TEXT] [--buildkit ADDRESS]`: what `decant serve` costs. Its cold start to the first byte; a build
 * in which nothing changed (by `decant build`, by docker's client on Decant, and by docker's client on BuildKit, in turns); the memory of the server, idle
 * and busy; and the rows of rows.ts by `decant build` and through the server. `bench/peers` starts the registry, the dockerd and the client; `--buildkit`
 * names another BuildKit, such as unix:///run/buildkit/buildkitd.sock. Times are medians of N runs at most; nothing is asserted.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DECANT } from "../test/support/command.ts";
import { DOCKER, openBuildxDoor } from "../test/support/buildx.ts";
import { type Command, measure, median, treeBytes } from "./measure.ts";
import { installDecant } from "./builders.ts";
import { FULL } from "./rows.ts";
import { printServeRows } from "./serve-rows.ts";

const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers");
const WORKSPACE = join(PEERS, "bench");
const PORT = process.env["PEERS_PORT"] ?? "5000";
const REGISTRY = `127.0.0.1:${PORT}`;
const EMPTY_REGISTRY = `127.0.0.1:${Number(PORT) + 1}`;
const FILES = 500;
const CLIENTS = 8;
const SAMPLE_MS = 25;
const MB = 1_000_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    minutes: { type: "string", default: "5" },
    only: { type: "string" },
    buildkit: { type: "string" },
  },
});
const runs = Number(values.runs);
const untilMs = performance.now() + Number(values.minutes) * 60_000;
// The journalled file system of `npm run bench`, where it is mounted: all builders are on the same one.
const isMounted = spawnSync("mountpoint", ["-q", WORKSPACE]).status === 0;
const folder = mkdtempSync(join(isMounted ? WORKSPACE : tmpdir(), "decant-bench-serve-"));
try {
  const context = join(folder, "context");
  writeContext(context);
  if (values.only === undefined) console.log(`cold start of decant serve to its first byte: ${await coldStart()} ms`);
  const store = join(folder, "store");
  await using door = await openBuildxDoor(store);
  // Also where the caller has builders of its own.
  const env = { ...textOnly(door.env), BUILDX_CONFIG: join(door.env["DOCKER_CONFIG"] ?? folder, "buildx") };
  if (values.only === undefined) await builds(context, { store, pid: door.pid, env });
  installDecant();
  // Contexts of `npm run bench` are there already.
  const place = {
    sizes: FULL,
    folder: isMounted ? WORKSPACE : folder,
    dockerSocket: "",
    registry: REGISTRY,
    emptyRegistry: EMPTY_REGISTRY,
  };
  await printServeRows({ place, folder, client: DOCKER, env, runs, only: values.only, untilMs });
  console.log(`memory at the end: ${megabytes(treeBytes(door.pid))} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A project of a few stages: one file of it is read by a step, the others are copied. */
function writeContext(path: string): void {
  mkdirSync(join(path, "src"), { recursive: true });
  for (let at = 0; at < FILES; at += 1) writeFileSync(join(path, "src", `${at}.txt`), `file ${at}\n`);
  writeFileSync(
    join(path, "Dockerfile"),
    `FROM ${REGISTRY}/library/busybox AS build\nARG N\nWORKDIR /app\nCOPY src src\nRUN cat src/*.txt > all && echo "$N"\nFROM ${REGISTRY}/library/busybox\nCOPY --from=build /app/all /all\n`,
  );
}

async function coldStart(): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const path = join(folder, `cold${run}`);
    const started = performance.now();
    const child = spawn(DECANT, ["serve", "--addr", `unix://${path}`], {
      stdio: "ignore",
      env: { ...process.env, DECANT_ROOT: join(folder, "cold") },
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await firstByte(path);
    times.push(performance.now() - started);
    child.kill("SIGTERM");
    await ended;
  }
  return Math.round(median(times));
}

/** The server speaks first: its settings of HTTP/2. */
async function firstByte(path: string): Promise<void> {
  for (;;) {
    const came = await new Promise<boolean>((resolve) => {
      const socket = connect(path);
      socket.once("data", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
      socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", "latin1");
    });
    if (came) return;
    await setTimeout(1);
  }
}

/** The server under test, and what a client needs to find it. */
interface Served {
  readonly store: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
}

async function builds(context: string, { store, pid, env }: Served): Promise<void> {
  console.log(`memory of an idle server: ${megabytes(treeBytes(pid))} MB`);
  const words = ["buildx", "build", "--provenance=false", "-o", "type=cacheonly", context];
  const ways = [
    { name: "decant build", command: { argv: [DECANT, "build", context], env: { DECANT_ROOT: store } }, times: Array<number>() },
    { name: "docker buildx on decant serve", command: { argv: [DOCKER, ...words], env }, times: Array<number>() },
    { name: "docker buildx on BuildKit", command: onBuildkit([...words, "--network", "host"], env), times: Array<number>() },
  ];
  const answering = [];
  for (const way of ways) {
    try {
      await measure(way.command);
      answering.push(way);
    } catch (error) {
      console.log(`${way.name}: failed: …${String(error).replaceAll("\n", " ").slice(-400)}`);
    }
  }
  for (let run = 0; run < runs; run += 1) for (const { command, times } of answering) times.push((await measure(command)).seconds);
  for (const { name, times } of answering) console.log(`nothing changed, ${name}: ${Math.round(median(times) * 1000)} ms`);
  console.log(`memory after ${runs + 1} builds: ${megabytes(treeBytes(pid))} MB`);

  let peak = 0;
  const sampler = setInterval(() => (peak = Math.max(peak, treeBytes(pid))), SAMPLE_MS);
  const clients = Array.from({ length: CLIENTS }, (_none, at) =>
    measure({ argv: [DOCKER, ...words, "--build-arg", `N=${at}`], env }).catch((error: unknown) => console.log(String(error))),
  );
  await Promise.all(clients);
  clearInterval(sampler);
  console.log(`memory with ${CLIENTS} builds at once: ${megabytes(peak)} MB at most, ${megabytes(treeBytes(pid))} MB afterwards`);
}

/** The same client on a BuildKit: that of the peers' dockerd, or the one that was named. */
function onBuildkit(words: readonly string[], env: Readonly<Record<string, string>>): Command {
  const { buildkit } = values;
  if (buildkit === undefined)
    return { argv: [DOCKER, ...words], env: { ...env, BUILDX_BUILDER: "default", DOCKER_HOST: `unix://${PEERS}/docker.sock` } };
  const own = { ...env, BUILDX_CONFIG: join(folder, "buildx"), BUILDX_BUILDER: "bench" };
  const made = spawnSync(DOCKER, ["buildx", "create", "--name", "bench", "--driver", "remote", buildkit], { env: own, encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return { argv: [DOCKER, ...words], env: own };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / MB);
}

function textOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
