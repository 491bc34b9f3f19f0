/** A real registry (the `docker-registry` package) of the test's own, on a free port of the loopback interface. */
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { startProcess } from "../../src/sys/index.ts";

/** A running registry; disposing ends it. */
export interface DockerRegistry extends AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly host: string;
}

/** How it is set up. */
export interface DockerRegistryOptions {
  /** Speaks https with this certificate. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** With `tls`: wants a certificate of a client that the authority in this file has signed. */
  readonly clientAuthority?: string;
  /** Wants `REGISTRY_LOGIN`, by Basic authorization. */
  readonly htpasswd?: boolean;
  /** Wants tokens of this server, signed by a certificate of the authority in `rootFile`. */
  readonly token?: { readonly realm: string; readonly service: string; readonly issuer: string; readonly rootFile: string };
}

/** Who a registry with `htpasswd` knows. */
export const REGISTRY_LOGIN: { readonly username: string; readonly password: string } = { username: "someone", password: "s3cret-word" };
/** Its password by bcrypt with cost 4. */
const HTPASSWD = "someone:$2b$04$decantregistrytests00u7T2LJseYENFmj6FocBNr/LKqvtcObp2\n";

/** Starts it with its data below `dir`, and waits until it answers. */
export async function startDockerRegistry(dir: string, options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const port = await freePort();
  const root = join(dir, `registry-${port}`);
  await mkdir(root, { recursive: true });
  const host = `127.0.0.1:${port}`;
  const config = join(root, "config.yml");
  const { tls, token, clientAuthority } = options;
  const clients = clientAuthority === undefined ? "" : `, clientcas: ["${clientAuthority}"]`;
  await writeFile(join(root, "htpasswd"), HTPASSWD);
  const lines = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: "${root}/data"}, delete: {enabled: true}}`,
    `http: {addr: "${host}"${tls === undefined ? "" : `, tls: {certificate: "${tls.certFile}", key: "${tls.keyFile}"${clients}}`}}`,
    ...(options.htpasswd === true ? [`auth: {htpasswd: {realm: registry, path: "${root}/htpasswd"}}`] : []),
    ...(token === undefined
      ? []
      : [
          `auth: {token: {realm: "${token.realm}", service: "${token.service}", issuer: "${token.issuer}", rootcertbundle: "${token.rootFile}"}}`,
        ]),
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const server = startProcess({
    argv: ["docker-registry", "serve", config],
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
    stdio: { stdout: "ignore", stderr: "ignore" },
  });
  let ended = false;
  server.exit.finally(() => (ended = true)).catch(() => undefined);
  while (!(await listens(port))) {
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

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const answered = await promise;
  socket.destroy();
  // Not listening yet: a short breath leaves it the processor.
  if (!answered) await new Promise((done) => setTimeout(done, 20));
  return answered;
}
