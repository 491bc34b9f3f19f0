/**
 * `npm run bench:serve [-- --runs N]`: what `decant serve` costs. Its cold start to the first byte, a build in which nothing changed (by `decant build`,
 * by docker's client on Decant, and by docker's client on the BuildKit of the peers' dockerd, in turns), and the memory of the server, idle and busy.
 * `bench/peers` starts the registry, the dockerd and the client. Figures are medians; nothing is asserted.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DECANT } from "../test/support/command.ts";
import { DOCKER, openBuildxDoor } from "../test/support/buildx.ts";
import { measure, median, treeBytes } from "./measure.ts";

const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers");
const REGISTRY = `127.0.0.1:${process.env["PEERS_PORT"] ?? "5000"}`;
const FILES = 500;
const CLIENTS = 8;
const SAMPLE_MS = 25;
const MB = 1_000_000;

const { values } = parseArgs({ options: { runs: { type: "string", default: "9" } } });
const runs = Number(values.runs);
const folder = mkdtempSync(join(tmpdir(), "decant-bench-serve-"));
try {
  const context = join(folder, "context");
  writeContext(context);
  console.log(`cold start of decant serve to its first byte: ${await coldStart()} ms`);
  await builds(context);
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

async function builds(context: string): Promise<void> {
  const store = join(folder, "store");
  await using door = await openBuildxDoor(store);
  const pid = door.pid;
  console.log(`memory of an idle server: ${megabytes(treeBytes(pid))} MB`);
  const onDecant = textOnly(door.env);
  const onBuildkit = { ...onDecant, BUILDX_BUILDER: "default", DOCKER_HOST: `unix://${PEERS}/docker.sock` };
  const buildx = [DOCKER, "buildx", "build", "--provenance=false", "--network", "host", "-o", "type=cacheonly", context];
  const ways = [
    { name: "decant build", argv: [DECANT, "build", context], env: { DECANT_ROOT: store }, times: Array<number>() },
    { name: "docker buildx on decant serve", argv: buildx, env: onDecant, times: Array<number>() },
    { name: "docker buildx on BuildKit", argv: buildx, env: onBuildkit, times: Array<number>() },
  ];
  for (const { argv, env } of ways) await measure({ argv, env });
  for (let run = 0; run < runs; run += 1) for (const { argv, env, times } of ways) times.push((await measure({ argv, env })).seconds);
  for (const { name, times } of ways) console.log(`nothing changed, ${name}: ${Math.round(median(times) * 1000)} ms`);
  console.log(`memory after ${runs + 1} builds: ${megabytes(treeBytes(pid))} MB`);

  let peak = 0;
  const sampler = setInterval(() => (peak = Math.max(peak, treeBytes(pid))), SAMPLE_MS);
  const clients = Array.from({ length: CLIENTS }, (_none, at) => measure({ argv: [...buildx, "--build-arg", `N=${at}`], env: onDecant }));
  await Promise.all(clients);
  clearInterval(sampler);
  console.log(`memory with ${CLIENTS} builds at once: ${megabytes(peak)} MB at most, ${megabytes(treeBytes(pid))} MB afterwards`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / MB);
}

function textOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
