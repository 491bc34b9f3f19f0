/** Real docker buildx on a `decant serve` of its own, without a docker daemon. `bench/peers` installs the client (DECANT_DOCKER names another). */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { DECANT } from "./command.ts";

const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache", "decant-peers");
/** The client. */
export const DOCKER: string = process.env["DECANT_DOCKER"] ?? join(PEERS, "sid", "usr", "bin", "docker");
/** Its plugin. */
export const PLUGIN: string =
  process.env["DECANT_BUILDX"] ?? join(PEERS, "sid", "usr", "libexec", "docker", "cli-plugins", "docker-buildx");

const COMPOSE = process.env["DECANT_COMPOSE"] ?? join(PEERS, "sid", "usr", "libexec", "docker", "cli-plugins", "docker-compose");

/** A server with a builder for it. */
export interface BuildxDoor extends AsyncDisposable {
  /** Variables of a docker client that uses it. */
  readonly env: NodeJS.ProcessEnv;
  /** The address of the server. */
  readonly address: string;
  readonly pid: number;
}

/** Starts a server on this store. Throws where there is no docker client. */
export async function openBuildxDoor(store: string, ...words: readonly string[]): Promise<BuildxDoor> {
  if (![DOCKER, PLUGIN, COMPOSE].every((path) => existsSync(path)))
    throw new Error(`There is no docker client at ${DOCKER}: run bench/peers client`);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-buildx-")));
  const address = `unix://${folder.path}/decant.sock`;
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: tmpdir(), DECANT_ROOT: store };
  const server = spawn(DECANT, ["serve", "--addr", address, ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
  stack.defer(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Serving at")) resolve();
    });
    server.once("exit", () => reject(new Error(`decant serve has ended: ${said}`)));
  });
  const config = join(folder.path, "docker");
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  symlinkSync(PLUGIN, join(config, "cli-plugins", "docker-buildx"));
  symlinkSync(COMPOSE, join(config, "cli-plugins", "docker-compose"));
  const client = { PATH: process.env["PATH"], HOME: process.env["HOME"], DOCKER_CONFIG: config, BUILDX_BUILDER: "decant-test" };
  const made = spawnSync(DOCKER, ["buildx", "create", "--name", "decant-test", "--driver", "remote", address], {
    env: client,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(made.stderr);
  const resources = stack.move();
  return {
    env: { ...client, BUILDX_CONFIG: undefined },
    address,
    pid: server.pid ?? 0,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
