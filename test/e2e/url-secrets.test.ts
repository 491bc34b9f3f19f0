/** X10: passwords and tokens of addresses reach neither history, progress, events, records and logs of the store, provenance nor errors. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { type BuildOptions, inspectImage, isDecantError } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { startStranger } from "../support/stranger.ts";

const PASSWORD = "hunter2-word";
const TOKEN = "t0ken-word-of-a-query";
const SECRETS = [PASSWORD, TOKEN];

/** The places below `folder` where a secret is, plain or in base64. */
function leaks(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => holdsSecret(readFileSync(path, "latin1")));
}

function holdsSecret(text: string): boolean {
  const decoded = (text.match(/[\w+/]{16,}={0,2}/g) ?? []).map((word) => Buffer.from(word, "base64").toString("latin1"));
  return [text, ...decoded].some((each) => SECRETS.some((secret) => each.includes(secret)));
}

async function checkBuild(shop: Workshop, build: (options: Partial<BuildOptions>) => ReturnType<Workshop["build"]>): Promise<void> {
  const dest = join(shop.folder, "out");
  const outputs = [
    { type: "local", dest },
    { type: "image", names: ["x:1"], push: false },
  ] as const;
  const { events } = await build({ provenance: { mode: "max" }, outputs });
  assert.equal(holdsSecret(JSON.stringify(events)), false, JSON.stringify(events));
  assert.deepEqual([...leaks(shop.root), ...leaks(dest)], []);
  assert.ok(existsSync(join(dest, "provenance.json")));
}

describe("X10: secrets of addresses", () => {
  it("of ADD stay out of everything that is kept and told", async () => {
    using shop = workshop();
    await using server = await startStranger(() => ({ body: "file" }));
    const url = server.origin.replace("//", `//me:${PASSWORD}@`);
    await checkBuild(shop, (options) =>
      shop.build(`FROM scratch\nADD ${url}/a.txt?v=1&token=${TOKEN} /x/\nADD ["${url}/b", "/x/"]\n`, options),
    );
    const { layers } = await inspectImage({ image: "x:1", root: shop.root, env: {} });
    assert.match(JSON.stringify(layers), /ADD http:\/\/127\.0\.0\.1:\d+\/a\.txt\?v=1&token=xxxxx \/x\//);
  });

  it("of git references too", async () => {
    using shop = workshop();
    const repo = testRepository(join(shop.folder, "repositories", "app"));
    repo.commit({ "a.txt": "a" });
    await using server = await gitServer(join(shop.folder, "repositories"), { password: `me:${PASSWORD}` });
    const url = `${server.url.replace("//", `//me:${PASSWORD}@`)}/app.git`;
    await checkBuild(shop, (options) => shop.build(`FROM scratch\nADD ${url}#main /src/\n`, options));
  });

  it("of contexts, named contexts and Dockerfiles too", async () => {
    using shop = workshop();
    await using server = await startStranger(({ path }) => ({
      body: path.startsWith("/D") ? "FROM scratch\nCOPY --from=named / /" : "file",
    }));
    const url = server.origin.replace("//", `//me:${PASSWORD}@`);
    const file = `${url}/Dockerfile?token=${TOKEN}`;
    shop.write({ a: "x" });
    const buildContexts = { named: `${url}/named?token=${TOKEN}` };
    await checkBuild(shop, (options) => shop.buildAs({ context: shop.context, root: shop.root, file, buildContexts, ...options }));
  });

  it("of proxies and other build arguments too", async () => {
    using shop = workshop();
    const buildArgs = {
      http_proxy: `http://me:${PASSWORD}@proxy.example:3128`,
      HTTPS_PROXY: `me:${PASSWORD}@proxy.example:3128`,
      NPM_REGISTRY: `https://me:${PASSWORD}@npm.example/?token=${TOKEN}`,
    };
    await checkBuild(shop, (options) => shop.build("FROM scratch\nCOPY <<a /a\nx\na\n", { buildArgs, ...options }));
    const text = readFileSync(join(shop.folder, "out", "provenance.json"), "utf8");
    assert.match(text, /"build-arg:http_proxy": ?"http:\/\/proxy\.example:3128"/);
    assert.match(text, /"build-arg:HTTPS_PROXY": ?"proxy\.example:3128"/);
  });

  it("R10: the proxies of docker's config.json reach RUN, and nothing that is kept", async () => {
    using shop = workshop();
    addBusybox(shop);
    const docker = join(shop.folder, "docker");
    mkdirSync(docker);
    const proxy = `http://me:${PASSWORD}@proxy.example:3128`;
    const proxies = { default: { httpProxy: proxy, httpsProxy: proxy, noProxy: "a.example,10.0.0.0/8" } };
    writeFileSync(join(docker, "config.json"), JSON.stringify({ proxies }));
    const text = `${BUSYBOX}ARG HTTP_PROXY\nRUN env | grep -i _proxy | sed 's#:[^:@/]*@#:PW@#' | sort > /out\n`;
    const dest = join(shop.folder, "first");
    await shop.build(text, { env: { DOCKER_CONFIG: docker }, outputs: [{ type: "local", dest }] });
    const shown = "http://me:PW@proxy.example:3128";
    assert.deepEqual(readFileSync(join(dest, "out"), "utf8").trim().split("\n"), [
      `HTTPS_PROXY=${shown}`,
      `HTTP_PROXY=${shown}`,
      "NO_PROXY=a.example,10.0.0.0/8",
      `http_proxy=${shown}`,
      `https_proxy=${shown}`,
      "no_proxy=a.example,10.0.0.0/8",
    ]);
    // Another proxy that nothing declares is no reason to run again.
    const plain = text.replace("ARG HTTP_PROXY\n", "");
    await shop.build(plain, { env: { DOCKER_CONFIG: docker } });
    assert.equal((await shop.build(plain)).result.executed, 0);
    await checkBuild(shop, (options) => shop.build(text, { env: { DOCKER_CONFIG: docker }, ...options }));
    const { layers } = await inspectImage({ image: "x:1", root: shop.root, env: {} });
    assert.match(JSON.stringify(layers), /RUN \|1 HTTP_PROXY=http:\/\/proxy\.example:3128 \/bin\/sh/);
  });

  it("are in no error: of failing downloads, of git, of references that cannot be used", async () => {
    using shop = workshop();
    await using server = await startStranger(({ headers, path }) => ({ status: 403, body: `${headers["authorization"]} ${path}` }));
    const url = server.origin.replace("//", `//me:${PASSWORD}@`);
    const lines = [
      `ADD ${url}/a?token=${TOKEN} /`,
      `ADD ${url}/a.git?token=${TOKEN} /`,
      `ADD ${url}/a.git /`,
      `COPY ${url}/a?token=${TOKEN} /`,
      `ADD ${url}/a?token=${TOKEN} ${url}/b?token=${TOKEN} /c`,
    ];
    for (const line of lines) {
      const error = await shop.build(`FROM scratch\n${line}\n`).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(isDecantError(error), line);
      const { message, hint, details } = error;
      assert.equal(holdsSecret([message, hint, JSON.stringify(details), inspect(error.cause)].join("\n")), false, message);
      assert.deepEqual(leaks(shop.root), [], line);
    }
  });
});
