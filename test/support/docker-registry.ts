/** A real registry (the `docker-registry` package) of the test's own, on a free port of the loopback interface. */
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { startProcess } from "../../src/sys/index.ts";

/** A running registry; disposing ends it. */
export interface DockerRegistry extends AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly host: string;
}

/** Starts it with its data below `dir`, and waits until it answers. */
export async function startDockerRegistry(dir: string): Promise<DockerRegistry> {
  const root = join(dir, "registry");
  await mkdir(root, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(root, "config.yml");
  await writeFile(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "${root}/data"}, delete: {enabled: true}}\nhttp: {addr: "${host}"}\n`,
  );
  const server = startProcess({
    argv: ["docker-registry", "serve", config],
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
    stdio: { stdout: "ignore", stderr: "ignore" },
  });
  let ended = false;
  server.exit.finally(() => (ended = true)).catch(() => undefined);
  while (!(await answers(host))) {
    if (ended) throw new Error("docker-registry ended before it answered");
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.exit;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  const port = await promise;
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return port;
}

async function answers(host: string): Promise<boolean> {
  try {
    return (await fetch(`http://${host}/v2/`)).ok;
  } catch {
    // Not listening yet. A short breath leaves it the processor.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  }
}
