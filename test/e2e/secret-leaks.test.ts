/** H5: what a build knows and nobody else may: it is refused in layers, configurations, histories and provenance, and masked in logs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { type BuildOptions, formatReason } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { addBusybox, BUSYBOX, failure, workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";

const SECRET = "s3cret-Of-This-Build";
const SECRETS = [{ id: "token", value: `${SECRET}\n` }];
const MOUNT = "RUN --mount=type=secret,id=token";

function shopWithBusybox(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

/** Files of the store that have the secret, but for the blobs of layers that nothing names. */
function kept(shop: Workshop): string[] {
  return readdirSync(shop.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, "latin1").includes(SECRET));
}

const LEAKS: readonly (readonly [name: string, dockerfile: string, says: RegExp, options?: Partial<BuildOptions>])[] = [
  ["written by RUN", `${MOUNT} cp /run/secrets/token /kept`, /^SECRET_IN_IMAGE 4: .*"\/kept" holds secret "token" \(its value\)/],
  ["in base64", `${MOUNT} mkdir /a && base64 /run/secrets/token > /a/b`, /"\/a\/b" holds secret "token" \(its value, in base64\)/],
  ["below gzip", `${MOUNT} gzip -c /run/secrets/token > /k.gz`, /"\/k\.gz" holds secret "token" \(its value, in gzip\)/],
  ["in a name", `${MOUNT} touch "/$(cat /run/secrets/token)"`, /holds secret "token" \(its value, in its name\)/],
  ["in the target of a link", `${MOUNT} ln -s "$(cat /run/secrets/token)" /l`, /"\/l" holds secret "token" \(its value, in its target\)/],
  ["copied from the context", "COPY .env /app/", /^SECRET_IN_IMAGE 4: .*"\/app\/\.env" holds secret "token"/],
  ["copied in an archive", "COPY env.gz /app/", /"\/app\/env\.gz" holds secret "token" \(its value, in gzip\)/],
  [
    "in a build argument that a step sees",
    "ARG T\nRUN true",
    /the history \(".*\*\*\*.*"\) holds secret "token"/,
    { buildArgs: { T: SECRET } },
  ],
  ["in a variable", `ENV T=${SECRET}`, /holds secret "token"/],
  ["in a label", "RUN true", /the configuration of the image holds secret "token"/, { labels: { l: SECRET } }],
  ["in an annotation", "RUN true", /holds secret "token"/, { annotations: [{ key: "a", value: SECRET }] }],
];

describe("H5: secrets of the build", () => {
  for (const [name, line, says, options = {}] of LEAKS) {
    it(`are refused ${name}`, async () => {
      using shop = shopWithBusybox();
      shop.write({ ".env": `TOKEN=${SECRET}\n` });
      writeFileSync(join(shop.context, "env.gz"), gzipSync(`TOKEN=${SECRET}\n`));
      const message = await failure(shop.build(`${BUSYBOX}${line}\n`, { secrets: SECRETS, tags: ["leaky:1"], ...options }));
      assert.match(message, says);
      assert.doesNotMatch(message, new RegExp(SECRET));
    });
  }

  it("may be where --allow-secret-in says so, and nowhere else", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}${MOUNT} mkdir /a && cp /run/secrets/token /a/b\n`;
    await shop.build(text, { secrets: SECRETS, allowSecretIn: ["/a"] });
    assert.match(
      await failure(shop.build(`${text}${MOUNT} cp /run/secrets/token /c\n`, { secrets: SECRETS, allowSecretIn: ["/a"] })),
      /"\/c"/,
    );
  });

  it("are masked in logs, events and errors, also in base64, and kept nowhere", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}${MOUNT} cat /run/secrets/token; base64 /run/secrets/token; echo end\n`;
    const { log, events } = await shop.build(text, { secrets: SECRETS });
    assert.match(log, /^\*\*\*\n\*\*\*\S*\nend\n$/);
    assert.doesNotMatch(JSON.stringify(events), new RegExp(SECRET));
    const told = await failure(shop.build(`${BUSYBOX}${MOUNT} cat /run/secrets/token; exit 3\n`, { secrets: SECRETS }));
    assert.doesNotMatch(told, new RegExp(SECRET));
    assert.deepEqual(kept(shop), []);
  });

  it("G3: are in no record of a step, and in no reason why one runs", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}ARG V\nRUN echo one > /one\nFROM scratch\nCOPY --from=base /one /one\n`;
    await shop.build(text, { secrets: SECRETS, buildArgs: { V: SECRET } });
    const { events } = await shop.build(text, { secrets: SECRETS, buildArgs: { V: `${SECRET}2` }, explain: true });
    const reasons = events.flatMap((event) => (event.type === "vertex.missed" ? [formatReason(event.reason)] : []));
    assert.deepEqual(reasons, ["ARG V: changed (its value is not shown)"]);
    assert.deepEqual(kept(shop), []);
  });

  it("are passwords of proxies, too", async () => {
    using shop = shopWithBusybox();
    const options = { buildArgs: { HTTP_PROXY: "http://me:Pr0xy-Password@127.0.0.1:1" } };
    assert.match(await failure(shop.build(`${BUSYBOX}RUN echo "$HTTP_PROXY" > /p\n`, options)), /"\/p" holds the password of HTTP_PROXY/);
  });

  it("are private keys of SSH agents, too", async () => {
    using shop = shopWithBusybox();
    const key = join(shop.context, "id_ed25519");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const options = { ssh: [{ id: "default", paths: [key] }] };
    assert.match(await failure(shop.build(`${BUSYBOX}COPY id_ed25519 /\n`, options)), /holds the private key of SSH agent "default"/);
    await shop.build(`${BUSYBOX}COPY id_ed25519.pub /\n`, options);
  });

  for (const [name, script, says] of [
    ["as they are", "echo 'pw: R3gistry-Passw0rd' > /p", /"\/p" holds the credentials of 127\.0\.0\.1:\d+ \(its value\)/],
    [
      "as configuration files have them",
      'printf \'{"auth":"%s"}\' $(printf me:R3gistry-Passw0rd | base64) > /c',
      /"\/c" holds the credentials/,
    ],
  ] as const) {
    it(`are credentials of registries that the build uses, too, ${name}`, async () => {
      using shop = shopWithBusybox();
      const account = { username: "me", password: "R3gistry-Passw0rd" };
      await using registry = await startFakeRegistry({ auth: { kind: "basic", ...account } });
      registry.addImage("base", "1", { layers: [tarOf([{ path: "base", content: "base" }])] });
      const auth = Buffer.from(`${account.username}:${account.password}`).toString("base64");
      const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { auth } } }) };
      const step = `${BUSYBOX}RUN ${script}\n`;
      // Those of a base, and of where the image goes.
      const withBase = `FROM ${registry.host}/base:1 AS first\n${step}COPY --from=first /base /\n`;
      assert.match(await failure(shop.build(withBase, { env })), says);
      const outputs = [{ type: "registry", names: [`${registry.host}/app:1`] }] as const;
      const told = await failure(shop.build(step, { env, outputs }));
      assert.match(told, says);
      assert.doesNotMatch(told, /R3gistry/);
      assert.equal(registry.manifest("app", "1"), undefined);
      // Whoever uses no registry has nothing to look for.
      await shop.build(step, { env });
    });
  }

  it("are refused in cache mounts that travel, before anything is written", async () => {
    using shop = shopWithBusybox();
    const dest = join(shop.folder, "cache");
    const text = `${BUSYBOX}RUN --mount=type=secret,id=token --mount=type=cache,id=npm,target=/c mkdir -p /c/d && cp /run/secrets/token /c/d/npmrc\n`;
    const options: Partial<BuildOptions> = {
      secrets: SECRETS,
      outputs: [{ type: "oci", dest: join(shop.folder, "app.tar"), tar: true, names: [] }],
      cacheTo: [{ type: "local", dest, mounts: true }],
    };
    const told = await failure(shop.build(text, options));
    assert.match(told, /^SECRET_IN_IMAGE .*Cannot write the cache: "\/d\/npmrc" in the cache mount "npm" holds secret "token"/);
    assert.doesNotMatch(told, new RegExp(SECRET));
    assert.deepEqual([dest, join(shop.folder, "app.tar")].filter(existsSync), []);
    // One that stays on this machine may have it.
    await shop.build(text, { ...options, cacheTo: [{ type: "local", dest }] });
    await shop.build(text, { ...options, noCache: true, allowSecretIn: ["/d"] });
  });
});
