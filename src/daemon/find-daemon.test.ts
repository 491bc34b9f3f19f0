import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startFakeDaemon } from "../../test/support/fake-daemon.ts";
import { startServer } from "../../test/support/server.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { isDecantError } from "../errors.ts";
import { chosenEndpoint, endpointOf } from "./docker-endpoint.ts";
import { findDaemon } from "./find-daemon.ts";

const signal = new AbortController().signal;

describe("F.2: endpointOf()", () => {
  const rows = [
    ["unix:///run/d.sock", { socketPath: "/run/d.sock" }],
    ["tcp://10.0.0.1:2375", { host: "10.0.0.1", port: 2375 }],
    ["tcp://build", { host: "build", port: 2375 }],
    ["tcp://[::1]:1", { host: "::1", port: 1 }],
    ["https://build", { host: "build", port: 2376, tls: { isVerified: true } }],
  ] as const;
  for (const [address, place] of rows) it(address, () => assert.deepEqual(endpointOf(address, "DOCKER_HOST"), { address, place }));
  for (const address of ["ssh://me@there", "npipe:////./pipe/docker", "unix://", "/var/run/docker.sock", "fd://"])
    it(`refuses ${address}`, () =>
      assert.throws(
        () => endpointOf(address, "DOCKER_HOST"),
        (error) => isDecantError(error, "USAGE") && error.message.endsWith("of DOCKER_HOST: Decant speaks unix:// and tcp://"),
      ));
});

describe("F.2: chosenEndpoint()", () => {
  it("takes DOCKER_HOST before a context, the named context before the current one, and none for default", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-daemon-"));
    const docker = join(dir.path, ".docker");
    for (const name of ["one", "two"]) {
      const folder = join(docker, "contexts", "meta", createHash("sha256").update(name).digest("hex"));
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: `unix:///${name}.sock` } } }));
    }
    await writeFile(join(docker, "config.json"), JSON.stringify({ currentContext: "one" }));
    const address = async (env: Record<string, string>, context?: string): Promise<string | undefined> =>
      (await chosenEndpoint({ env, homeDir: dir.path, context }))?.address;
    assert.equal(await address({}), "unix:///one.sock");
    assert.equal(await address({ DOCKER_CONTEXT: "two" }), "unix:///two.sock");
    assert.equal(await address({ DOCKER_CONTEXT: "default" }), undefined);
    assert.equal(await address({ DOCKER_CONTEXT: "two", DOCKER_HOST: "unix:///h.sock" }), "unix:///h.sock");
    assert.equal(await address({ DOCKER_HOST: "unix:///h.sock" }, "two"), "unix:///two.sock");
    await assert.rejects(address({ DOCKER_CONTEXT: "gone" }), (error) => isDecantError(error, "CONFIG_FILE"));
  });

  it("takes the certificates of DOCKER_CERT_PATH", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-daemon-"));
    for (const name of ["ca", "cert", "key"]) await writeFile(join(dir.path, `${name}.pem`), name);
    const env = { DOCKER_HOST: "tcp://build:2376", DOCKER_CERT_PATH: dir.path, DOCKER_TLS_VERIFY: "1" };
    assert.deepEqual(await chosenEndpoint({ env, homeDir: dir.path }), {
      address: "tcp://build:2376",
      place: { host: "build", port: 2376, tls: { isVerified: true, ca: "ca", cert: "cert", key: "key" } },
    });
  });
});

describe("F.2: findDaemon()", () => {
  it("speaks TCP, and TLS with the certificates of DOCKER_CERT_PATH only when it is told to verify", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-daemon-"));
    await using server = await startServer(() => ({ status: 200, body: "OK" }));
    const found = async (env: Record<string, string>): Promise<string | undefined> => {
      const { daemon } = await findDaemon({ env, homeDir: dir.path, signal });
      daemon?.[Symbol.dispose]();
      return daemon?.kind;
    };
    const tcp = { DOCKER_HOST: `tcp://${server.host}`, DOCKER_CERT_PATH: dir.path };
    assert.equal(await found(tcp), "Docker");
    assert.equal(server.heard.at(-1)?.secure, false);
    assert.equal(await found({ ...tcp, DOCKER_TLS: "1" }), "Docker");
    assert.equal(server.heard.at(-1)?.secure, true);
    assert.equal(await found({ ...tcp, DOCKER_TLS_VERIFY: "1" }), undefined, "its certificate is nobody's");
    await writeFile(join(dir.path, "ca.pem"), LOCALHOST_TLS.cert);
    await writeFile(join(dir.path, "cert.pem"), LOCALHOST_TLS.cert);
    await writeFile(join(dir.path, "key.pem"), LOCALHOST_TLS.key);
    assert.equal(await found({ ...tcp, DOCKER_TLS_VERIFY: "1" }), "Docker");
    assert.equal(server.heard.at(-1)?.certified, true);
  });

  it("finds what answers, and says why there is none", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-daemon-"));
    await using docker = await startFakeDaemon(dir.path, "graphdriver");
    await using podman = await startFakeDaemon(dir.path, "podman");
    const found = async (env: Record<string, string>, into?: "podman" | "store"): Promise<string> => {
      const { daemon, ...none } = await findDaemon({ env, homeDir: dir.path, into, signal });
      daemon?.[Symbol.dispose]();
      return daemon === undefined && "why" in none ? none.why : `${daemon?.kind}`;
    };
    assert.equal(await found({ DOCKER_HOST: docker.address }), "Docker");
    assert.equal(await found({ DOCKER_HOST: podman.address }), "Podman");
    assert.equal(await found({ DOCKER_HOST: docker.address, CONTAINER_HOST: podman.address }, "podman"), "Podman");
    assert.equal(await found({ DOCKER_HOST: "unix:///nobody", CONTAINER_HOST: podman.address }), "nobody answers at unix:///nobody");
    assert.equal(await found({ DOCKER_HOST: docker.address }, "store"), "as DECANT_LOAD or the option says");
    assert.equal(await found({ DOCKER_HOST: docker.address, DECANT_LOAD: "store" }), "as DECANT_LOAD or the option says");
    await assert.rejects(found({ DECANT_LOAD: "dokcer" }), (error) => isDecantError(error, "USAGE"));
    await assert.rejects(found({ CONTAINER_HOST: "unix:///nobody" }, "podman"), (error) => isDecantError(error, "EXPORT"));
  });
});
