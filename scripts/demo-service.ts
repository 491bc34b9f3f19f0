/** Starts an image of the example with `decant run`, asks it over HTTP, and stops it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { DECANT, dim, type DemoEnvironment } from "./demo-tools.ts";

const START_MS = 20_000;
const STOP_MS = 10_000;

/** Runs `image`, calls its routes, stops it. Throws when anything of that does not work. */
export async function callService(demo: DemoEnvironment, image: string): Promise<void> {
  const port = await freePort();
  const args = ["run", "--network", "host", "-e", `PORT=${port}`, image];
  console.log(`${styleText("cyan", "$")} decant ${args.join(" ")}`);
  const startedAt = performance.now();
  const child = spawn(DECANT, args, { env: { ...demo.env }, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const exited = once(child, "exit");
  try {
    const health = await waitFor(`http://127.0.0.1:${port}/healthz`, child);
    const ms = Math.round(performance.now() - startedAt);
    console.log(`  GET /healthz          ${health.status} ${dim(health.text.trim())}  ${dim(`(${ms} ms after the start)`)}`);
    const hello = await get(`http://127.0.0.1:${port}/api/hello/demo`);
    console.log(`  GET /api/hello/demo   ${hello.status} ${dim(hello.text.trim())}`);
    if (health.status !== 200 || hello.status !== 200) throw new Error(`${image} did not answer with 200`);
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said.join("")}`, { cause: error });
  }
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  const [code, signal] = await exited;
  clearTimeout(timer);
  console.log(`  SIGTERM               ${signal === null ? `exit code ${code}` : `ended by ${signal}`}`);
  if (code !== 0) throw new Error(`${image} did not stop cleanly\n${said.join("")}`);
}

async function waitFor(url: string, child: ChildProcess): Promise<{ status: number; text: string }> {
  const until = performance.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the container ended with exit code ${child.exitCode}`);
    try {
      return await get(url);
    } catch (cause) {
      if (performance.now() > until) throw new Error(`${url} did not answer within ${START_MS / 1000} s`, { cause });
    }
    await sleep(20);
  }
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: "close" } });
  return { status: response.status, text: await response.text() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}
