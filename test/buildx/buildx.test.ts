/**
 * Real docker buildx on `decant serve`, without a docker daemon: `npm run test:buildx` installs the client. What is shown here is what people see; what the
 * server answers to each call is tested in src/buildkit/serve/server.test.ts.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { setTimeout } from "node:timers/promises";
import { listBuilds } from "../../src/index.ts";
import { addBusybox, BUSYBOX, type Workshop, workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { type BuildxDoor, DOCKER, openBuildxDoor } from "../support/buildx.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { REGISTRY_LOGIN, startDockerRegistry } from "../support/docker-registry.ts";
import { createOwnAuthority } from "../support/own-authority.ts";
import { startTokenServer } from "../support/token-server.ts";

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe("docker buildx on decant serve", { timeout: 600_000 }, () => {
  let shop: Workshop;
  let door: BuildxDoor;
  before(async () => {
    shop = workshop();
    addBusybox(shop);
    door = await openBuildxDoor(shop.root);
  });
  after(async () => {
    await door[Symbol.asyncDispose]();
    shop[Symbol.dispose]();
  });

  const start = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(DOCKER, ["buildx", ...words], { cwd: shop.context, env: { ...door.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const run = async (words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    return await ended(start(words, env));
  };
  const ended = async (child: ChildProcess): Promise<Ran> => {
    const texts = { out: "", err: "" };
    child.stdout?.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, ...texts };
  };
  const ok = async (words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    const ran = await run(words, env);
    assert.equal(ran.code, 0, ran.err);
    return ran;
  };
  const write = (dockerfile: string): void => writeFileSync(join(shop.context, "Dockerfile"), dockerfile);
  const image = (folder: string): string => {
    const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
      readonly manifests: readonly [{ readonly digest: string }];
    };
    return manifests[0].digest;
  };

  it("I2: inspect --bootstrap and ls show the builder", async () => {
    const { out } = await ok(["inspect", "--bootstrap"]);
    assert.match(out, /Status: +running\nBuildKit version: +v[\d.]+\+decant-/);
    assert.match((await ok(["ls"])).out, /running/);
  });

  it("I2: build gives the image that decant build gives, with live logs", async () => {
    write(`${BUSYBOX}ARG WHO\nRUN echo "hello $WHO"\nCOPY a.txt /\n`);
    shop.write({ "a.txt": "a" });
    const epoch = { SOURCE_DATE_EPOCH: "1700000000" };
    const { err } = await ok(
      ["build", "--provenance=false", "--build-arg", "WHO=me", "-o", "type=oci,tar=false,dest=../through", "."],
      epoch,
    );
    assert.match(err, /#\d+ [\d.]+ hello me\n/);
    const own = await shop.buildAs({
      context: shop.context,
      buildArgs: { WHO: "me", ...epoch },
      outputs: [{ type: "oci", dest: join(shop.folder, "own"), tar: false, names: [] }],
    });
    assert.equal(image(join(shop.folder, "through")), own.result.manifestDigest);
  });

  it("I3: secrets, and agents by ssh, reach steps and nothing else", async () => {
    write(
      `${BUSYBOX}RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c > /size\nRUN --mount=type=secret,id=none,required=false ls /run/secrets || true\n`,
    );
    writeFileSync(join(shop.folder, "token"), "s3cret-word");
    await ok(["build", "--secret", `id=token,src=${join(shop.folder, "token")}`, "-o", "../secret", "."]);
    assert.equal(readFileSync(join(shop.folder, "secret/size"), "utf8").trim(), "11");
    assert.throws(() => execFileSync("grep", ["-r", "s3cret-word", shop.root]), "the store never has it");
  });

  it("I2: a step that fails is shown with its lines of the Dockerfile", async () => {
    write(`${BUSYBOX}RUN echo before && exit 7\n`);
    const { code, err } = await run(["build", "."]);
    assert.equal(code, 1);
    assert.match(err, />>> RUN echo before && exit 7\n/);
    assert.match(err, /ERROR: failed to build: failed to solve: .*exit code 7/);
  });

  it("I2: Ctrl-C ends the steps", async () => {
    write(`${BUSYBOX}RUN echo begun && sleep 300\n`);
    const child = start(["build", "--progress", "plain", "."]);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    while (!/ begun\n/.test(said)) await setTimeout(50);
    child.kill("SIGINT");
    assert.notEqual(await new Promise((resolve) => child.once("close", resolve)), 0);
    while ((await listBuilds({ root: shop.root }))[0]?.state === "running") await setTimeout(50);
    assert.equal((await listBuilds({ root: shop.root }))[0]?.state, "cancelled");
  });

  it("I3: check, outline and targets", async () => {
    write("# the version\nARG V=1\nFROM scratch as base\nFROM base AS last\n");
    const { code, out } = await run(["build", "--check", "."]);
    assert.equal(code, 1);
    assert.match(out, /WARNING: FromAsCasing/);
    assert.match((await ok(["build", "--call=targets", "."])).out, /last \(default\)/);
    assert.match((await ok(["build", "--call=outline", "."])).out, /TARGET: +last/);
  });

  it("I3: bake builds targets on each other, with a matrix and shared contexts", async () => {
    shop.write({
      "docker-bake.hcl": `
group "default" { targets = ["app", "m"] }
target "base" {
  dockerfile-inline = "${BUSYBOX.replaceAll("\n", "\\n")}RUN echo base > /base\\n"
}
target "app" {
  contexts = { base = "target:base" }
  dockerfile-inline = "FROM base\\nRUN cat /base > /app\\n"
  output = ["../baked"]
}
target "m" {
  name = "m-\${v}"
  matrix = { v = ["1", "2"] }
  args = { V = v }
  dockerfile-inline = "FROM scratch\\nARG V\\nLABEL v=$V\\nCOPY a.txt /\\n"
  output = ["type=oci,dest=../m\${v}.tar"]
}
`,
      "a.txt": "a",
    });
    await ok(["bake"], { BUILDX_BAKE_ENTITLEMENTS_FS: "0" });
    assert.equal(readFileSync(join(shop.folder, "baked/app"), "utf8"), "base\n");
    assert.notDeepEqual(readFileSync(join(shop.folder, "m1.tar")), readFileSync(join(shop.folder, "m2.tar")));
  });

  it("I2: bake reads definitions of a URL and of a repository, and builds what they name", async () => {
    testRepository(join(shop.folder, "repositories", "app")).commit({
      "docker-bake.hcl": 'target "default" { context = "part" }\n',
      "part/Dockerfile": "FROM scratch\nCOPY . /remote/\n",
      "part/of-git.txt": "git",
    });
    await using host = await gitServer(join(shop.folder, "repositories"));
    await ok(["bake", `${host.url}/app.git`, "--set", "*.output=../of-git"], { BUILDX_BAKE_ENTITLEMENTS_FS: "0" });
    assert.equal(readFileSync(join(shop.folder, "of-git/remote/of-git.txt"), "utf8"), "git");
    const definition = `target "default" {\n  dockerfile-inline = "FROM scratch\\nCOPY a.txt /\\n"\n  context = "cwd://."\n}\n`;
    const web = createServer((_request, response) => response.end(definition)).listen(0, "127.0.0.1");
    await new Promise((resolve) => web.once("listening", resolve));
    shop.write({ "a.txt": "a" });
    try {
      await ok(["bake", `http://127.0.0.1:${(web.address() as AddressInfo).port}/docker-bake.hcl`, "--set", "*.output=../of-url"], {
        BUILDX_BAKE_ENTITLEMENTS_FS: "0",
      });
    } finally {
      web.close();
    }
    assert.equal(readFileSync(join(shop.folder, "of-url/a.txt"), "utf8"), "a");
  });

  it("I2: docker compose build, pushed to a registry", async () => {
    await using registry = await startDockerRegistry(join(shop.folder, "compose-registry"));
    write("FROM scratch\nARG WHO\nCOPY a.txt /\nLABEL who=$WHO\n");
    shop.write({
      "a.txt": "a",
      "compose.yaml": `services:
  web: { image: "${registry.host}/web:1", build: { context: ., args: { WHO: me } } }
  other: { image: "${registry.host}/other:1", build: . }
`,
    });
    const compose = async (...words: string[]): Promise<Ran> =>
      await ended(spawn(DOCKER, ["compose", ...words], { cwd: shop.context, env: door.env }));
    const { code, err } = await compose("build", "--push");
    assert.equal(code, 0, err);
    for (const name of ["web", "other"])
      assert.match((await ok(["imagetools", "inspect", `${registry.host}/${name}:1`])).out, /Digest: +sha256:/);
    rmSync(join(shop.context, "compose.yaml"));
  });

  it("I4: decant bake, by buildx without a docker daemon and without a builder of the user", async () => {
    rmSync(join(shop.context, "docker-bake.hcl"), { force: true });
    shop.write({
      "docker-bake.json": JSON.stringify({
        target: { default: { "dockerfile-inline": "FROM scratch\nCOPY a.txt /\n", output: ["baked-by-decant"] } },
      }),
      "a.txt": "a",
    });
    const env = { ...door.env, BUILDX_BUILDER: undefined, DECANT_ROOT: shop.root };
    const { code, err } = await ended(spawn(DECANT, ["bake"], { cwd: shop.context, env }));
    assert.equal(code, 0, err);
    assert.equal(readFileSync(join(shop.context, "baked-by-decant/a.txt"), "utf8"), "a");
    const failing = await ended(spawn(DECANT, ["bake", "no-such-target"], { cwd: shop.context, env }));
    assert.notEqual(failing.code, 0);
    assert.match(failing.err, /failed to find target no-such-target/);
    assert.ok(!(await ok(["ls"])).out.includes("decant.sock\n decant"), "the user's builders stay");
    rmSync(join(shop.context, "docker-bake.json"));
    rmSync(join(shop.context, "baked-by-decant"), { recursive: true });
  });

  it("I4: docker decant build: docker takes Decant for a plugin", async () => {
    symlinkSync(DECANT, join(String(door.env["DOCKER_CONFIG"]), "cli-plugins", "docker-decant"));
    write("FROM scratch\nCOPY a.txt /\n");
    shop.write({ "a.txt": "a" });
    const env = { ...door.env, DECANT_ROOT: shop.root };
    const { code, err } = await ended(
      spawn(DOCKER, ["--log-level", "error", "decant", "build", "-o", "../by-plugin", "."], { cwd: shop.context, env }),
    );
    assert.equal(code, 0, err);
    assert.equal(readFileSync(join(shop.folder, "by-plugin/a.txt"), "utf8"), "a");
    assert.match((await ended(spawn(DOCKER, ["--help"], { env }))).out, /decant\* +Build, audit and run images/);
  });

  it("I2: history trace gives the steps of a build", async () => {
    write("FROM scratch\nCOPY a.txt /\n");
    shop.write({ "a.txt": "a" });
    await ok(["build", "."]);
    // Debian's buildx has no "history trace", and exports what that shows.
    const file = join(shop.folder, "record.dockerbuild");
    await ok(["history", "export", "-o", file]);
    assert.match(gunzipSync(readFileSync(file)).toString("latin1"), /"Name":\s*"[^"]*COPY a.txt/);
  });

  it("I2: what no step takes of a large context stays with the client", async () => {
    shop.write({ "a.txt": "a", "large.bin": "x".repeat(3_000_000) });
    write("FROM scratch\nCOPY a.txt /\n");
    const { err } = await ok(["build", "."]);
    assert.match(err, /transferring context: \d+B /);
    rmSync(join(shop.context, "large.bin"));
  });

  it("I3: pushes with the credentials of the client's own login, and takes caches from a registry", async () => {
    await using registry = await startDockerRegistry(join(shop.folder, "registry"), { htpasswd: true });
    write("FROM scratch\nCOPY a.txt /\n");
    shop.write({ "a.txt": "a" });
    const name = `${registry.host}/app:1`;
    assert.notEqual((await run(["build", "--push", "-t", name, "."])).code, 0);
    const { username, password } = REGISTRY_LOGIN;
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    writeFileSync(join(String(door.env["DOCKER_CONFIG"]), "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const file = join(shop.folder, "metadata.json");
    await ok([
      "build",
      "--push",
      "-t",
      name,
      "--sbom=true",
      "--cache-to",
      `type=registry,ref=${registry.host}/cache,mode=max`,
      "--metadata-file",
      file,
      ".",
    ]);
    const told = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
    assert.match(String(told["containerimage.digest"]), /^sha256:/);
    assert.equal(told["image.name"], name);
    assert.ok(told["buildx.build.provenance"] !== undefined);
    assert.match((await ok(["imagetools", "inspect", name])).out, /attestation-manifest/);
    await ok(["build", "--cache-from", `type=registry,ref=${registry.host}/cache`, "."]);
  });

  it("F92: pulls and pushes with tokens that the client gets, and never has its password", async () => {
    const authority = await createOwnAuthority(shop.folder);
    const signer = await authority.issue("signer");
    const tls = await authority.issue("tokens", ["IP:127.0.0.1"]);
    const issuer = "decant tests";
    await using tokens = await startTokenServer({ signer, tls, issuer, login: REGISTRY_LOGIN, identityToken: "r3fresh-token" });
    const token = { realm: `https://${tokens.host}/token`, service: "registry", issuer, rootFile: authority.ca.certFile };
    await using registry = await startDockerRegistry(join(shop.folder, "registry"), { token });
    const { username, password } = REGISTRY_LOGIN;
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    writeFileSync(join(String(door.env["DOCKER_CONFIG"]), "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    // Only the client trusts the token server: nobody else may ask it.
    const env = { SSL_CERT_FILE: authority.ca.certFile };
    shop.write({ "a.txt": "a" });
    write("FROM scratch\nCOPY a.txt /\n");
    await ok(["build", "--push", "-t", `${registry.host}/app:1`, "."], env);
    write(`FROM ${registry.host}/app:1\nCOPY a.txt /b.txt\n`);
    await ok(
      ["build", "--push", "-t", `${registry.host}/other:1`, "--cache-to", `type=registry,ref=${registry.host}/cache,mode=max`, "."],
      env,
    );
    const asked = tokens.heard.filter(({ headers }) => headers["authorization"] !== undefined);
    assert.ok(asked.length > 0);
    assert.deepEqual(
      asked.filter(({ headers }) => headers["user-agent"]?.startsWith("decant") === true),
      [],
    );
    assert.throws(() => execFileSync("grep", ["-r", password, shop.root]), "the store never has it");
  });

  it("I3: layouts and caches in folders of the client", async () => {
    write("FROM scratch\nCOPY a.txt /\n");
    shop.write({ "a.txt": "a" });
    await ok(["build", "-o", "type=oci,tar=false,dest=../layout", "--cache-to", "type=local,dest=../cache", "."]);
    write("FROM lib\nCOPY a.txt /b.txt\n");
    await ok([
      "build",
      "--build-context",
      "lib=oci-layout://../layout:latest",
      "--cache-from",
      "type=local,src=../cache",
      "-o",
      "../from-layout",
      ".",
    ]);
    assert.equal(readFileSync(join(shop.folder, "from-layout/b.txt"), "utf8"), "a");
  });

  it("I3: several platforms", async () => {
    write("FROM scratch\nCOPY a.txt /\n");
    shop.write({ "a.txt": "a" });
    await ok(["build", "--platform", "linux/amd64,linux/arm64", "-o", "../platforms", "."]);
    assert.equal(readFileSync(join(shop.folder, "platforms/linux_arm64/a.txt"), "utf8"), "a");
  });

  it("I3: history ls, inspect, logs, export and rm; du and prune", async () => {
    write(`${BUSYBOX}RUN echo remembered\n`);
    await ok(["build", "."]);
    const [ref = ""] = (await ok(["history", "ls", "--format", "{{.Ref}}"])).out.trim().split("\n");
    const id = ref.split("/").at(-1) ?? "";
    assert.match((await ok(["history", "inspect", id])).out, /Build Steps: *\t?\d+\/\d+/);
    assert.match((await ok(["history", "logs", id])).err + (await ok(["history", "logs", id])).out, /remembered/);
    await ok(["history", "export", "-o", "../export.dockerbuild", id]);
    await ok(["history", "rm", id]);
    assert.ok(!(await ok(["history", "ls", "--format", "{{.Ref}}"])).out.includes(id));
    assert.match((await ok(["du"])).out, /Total:/);
    assert.match((await ok(["prune", "--force"])).out, /Total:/);
  });
});
