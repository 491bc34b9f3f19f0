/**
 * How builders are reached: programs that carry the connection, and TCP with certificates. `docker`, `kubectl` and `ssh` are stand-ins here:
 * scripts that note their words and start `decant serve --stdio`. A real dockerd: `npm run conformance -- --builder docker://`.
 * `npm run bundle` comes first.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildersOf } from "../../src/buildkit/index.ts";
import { openDoor } from "../../src/buildkit/serve/doors.ts";
import { startBuildServer } from "../support/buildkit-client.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { commandsIn, DECANT } from "../support/command.ts";
import { createOwnAuthority } from "../support/own-authority.ts";

const DOCKERFILE = "FROM scratch\nCOPY a /\n";

/** A program of this name that stands for a way to a builder. Gives the folder for PATH, and the words that it got. */
function standIn(shop: Workshop, name: string): { readonly env: Record<string, string>; readonly words: () => string } {
  const bin = join(shop.folder, "bin");
  mkdirSync(bin, { recursive: true });
  const log = join(shop.folder, "words");
  const script = `#!/bin/sh\necho "$*" > '${log}'\nDECANT_ROOT='${join(shop.folder, "far")}' exec '${DECANT}' serve --stdio\n`;
  writeFileSync(join(bin, name), script);
  chmodSync(join(bin, name), 0o755);
  return { env: { PATH: `${bin}:${process.env["PATH"] ?? ""}` }, words: () => readFileSync(log, "utf8").trim() };
}

const PROGRAMS: readonly (readonly [address: string, program: string, words: string])[] = [
  ["docker-container://builder1", "docker", "exec -i builder1 buildctl dial-stdio"],
  ["kube-pod://pod-0?namespace=ci", "kubectl", "--namespace ci exec -i pod-0 -- buildctl dial-stdio"],
  ["kube-pod://pod-0?context=far&container=bk", "kubectl", "--context far exec -i -c bk pod-0 -- buildctl dial-stdio"],
  ["ssh://me@far:2222/run/bk.sock", "ssh", "-T -p 2222 me@far -- buildctl --addr unix:///run/bk.sock dial-stdio"],
];

for (const [address, program, words] of PROGRAMS)
  test(`I3: ${address} is reached by a stand-in of ${program}`, async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    const { env, words: got } = standIn(shop, program);
    const { result } = await shop.build(DOCKERFILE, { env, builders: buildersOf(address), tags: ["app"] });
    assert.ok(result.manifestDigest !== undefined);
    assert.equal(got(), words);
  });

test("I3: a program that fails is an error with its words", async () => {
  using shop = workshop();
  const { env } = standIn(shop, "docker");
  writeFileSync(join(shop.folder, "bin", "docker"), "#!/bin/sh\necho no such container >&2\nexit 1\n");
  const building = shop.build(DOCKERFILE, { env, builders: buildersOf("docker-container://gone") });
  await assert.rejects(building, /Cannot build on docker-container:\/\/gone.*no such container/s);
});

test("I3: tcp:// with certificates on both sides; a client without them gets nothing", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  shop.write({ a: "a" });
  const authority = await createOwnAuthority(shop.folder);
  const own = await authority.issue("server", ["IP:127.0.0.1"]);
  const client = await authority.issue("client");
  const stranger = join(shop.folder, "strangers");
  mkdirSync(stranger);
  const other = await (await createOwnAuthority(stranger)).issue("client");
  const certificates = { ca: authority.ca.certFile, cert: own.certFile, key: own.keyFile };
  await using door = await openDoor("tcp://127.0.0.1:0", certificates, (duplex) => void server.server.serve(duplex));
  const address = (pair: typeof client): string => `${door.address}?ca=${authority.ca.certFile}&cert=${pair.certFile}&key=${pair.keyFile}`;
  const { result } = await shop.build(DOCKERFILE, { builders: buildersOf(address(client)), tags: ["app"] });
  assert.ok(result.manifestDigest !== undefined);
  await assert.rejects(shop.build(DOCKERFILE, { builders: buildersOf(address(other)) }), /Cannot build on tcp:/);
});

test("I3: decant builders ls and inspect, --builder, DECANT_BUILDER and decant.yaml", async () => {
  using shop = workshop();
  const address = `unix://${shop.folder}/door`;
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DECANT_ROOT: join(shop.folder, "far") };
  const server = spawn(DECANT, ["serve", "--addr", address], { env, stdio: ["ignore", "ignore", "pipe"] });
  try {
    let said = "";
    for await (const chunk of server.stderr) {
      said += String(chunk);
      if (said.includes("Serving at")) break;
    }
    shop.write({ a: "a", Dockerfile: DOCKERFILE, "decant.yaml": `builder: ${address}\n` });
    const { ok, decant } = commandsIn(shop.context);
    assert.match(ok("builders", "ls"), /running.*linux\/(?:amd64|arm64)/);
    assert.match(ok("builders", "ls", `unix://${shop.folder}/gone`), /unreachable/);
    assert.match(ok("builders", "inspect", address), /source\.local/);
    assert.match(decant("build", "--progress", "plain", ".").err, /connecting to unix:/);
    const gone = `unix://${shop.folder}/gone`;
    assert.match(decant("build", "--progress", "plain", "--builder", gone, ".").err, /Cannot build on unix:.*gone/);
  } finally {
    server.kill("SIGTERM");
  }
});
