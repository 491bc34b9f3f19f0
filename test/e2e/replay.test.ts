/** H6: `decant replay`, and what it refuses. All sources move between the build and its replay. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, isDecantError, pushImage, replayImage, type ReplayOptions, type ReplayResult } from "../../src/index.ts";
import { given } from "../../src/given.ts";
import { tarOf } from "../support/archive.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { startServer } from "../support/server.ts";

const EPOCH = { SOURCE_DATE_EPOCH: "1700000000" };
const STORED: Partial<BuildOptions> = { outputs: [{ type: "image", names: ["app:1"], push: false, rewriteTimestamp: true }] };
const MAX: Partial<BuildOptions> = { provenance: { mode: "max" }, ...STORED };

async function replay(shop: Workshop, options: Partial<ReplayOptions> = {}): Promise<ReplayResult> {
  await using run = replayImage({ root: shop.root, env: {}, image: "app:1", ...options });
  return await run.result;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!isDecantError(error)) throw error;
    return `${error.code} ${error.message} | ${error.hint ?? ""}`;
  }
  return "no error";
}

function shopWithBusybox(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

describe("H6: decant replay", () => {
  it("gives the digest once more, though base, file, git branch and cache have moved on", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    let file = "one";
    await using server = await startServer(() => ({ body: file }));
    const repository = testRepository(join(shop.folder, "repositories", "app"));
    repository.commit({ "a.txt": "one" });
    await using git = await gitServer(join(shop.folder, "repositories"));
    const base = (content: string): void => void registry.addImage("base", "1", { layers: [tarOf([{ path: "base.txt", content }])] });
    base("one");
    const text = `ARG FROM\nFROM $FROM\nADD ${server.origin}/f /f\nADD ${git.url}/app.git /git/\nWORKDIR /w\nCOPY a.txt /\nCOPY --from=more b.txt /\n`;
    shop.write({ Dockerfile: text, "a.txt": "a" });
    const more = join(shop.folder, "more");
    mkdirSync(more);
    writeFileSync(join(more, "b.txt"), "b");
    const output = { type: "registry", names: [`${registry.host}/app:1`], rewriteTimestamp: true } as const;
    const { result } = await shop.buildAs({
      context: shop.context,
      buildArgs: { ...EPOCH, FROM: `${registry.host}/base:1` },
      labels: { team: "one" },
      buildContexts: { more },
      outputs: [output],
      provenance: { mode: "max" },
    });
    base("two");
    file = "two";
    repository.commit({ "a.txt": "two" });
    const image = `docker://${registry.host}/app:1`;
    const asked = { image, context: shop.context, buildContexts: { more } };
    const found = await replay(shop, asked);
    assert.deepEqual([found.same, found.difference], [true, undefined]);
    assert.notEqual(found.digest, result.manifestDigest, "that of the index");
    // Another machine has nothing of it: then the server must still have the file.
    const other = join(shop.folder, "other");
    assert.match(await refusal(replay(shop, { ...asked, root: other })), /^CHECKSUM .*sha256:/);
    file = "one";
    assert.equal((await replay(shop, { ...asked, root: other })).same, true);
  });

  it("builds a git context at its commit, without a folder", async () => {
    using shop = workshop();
    const repository = testRepository(join(shop.folder, "repositories", "app"));
    repository.commit({ Dockerfile: "FROM scratch\nCOPY a.txt /\n", "a.txt": "one" });
    await using git = await gitServer(join(shop.folder, "repositories"));
    await shop.buildAs({ context: `${git.url}/app.git#main`, buildArgs: EPOCH, provenance: { mode: "min" }, ...STORED });
    repository.commit({ "a.txt": "two" });
    const { same } = await replay(shop, { env: { GIT_ALLOW_PROTOCOL: "http" }, buildArgs: EPOCH });
    assert.equal(same, true);
  });

  it("takes secrets by their ids, and is the same for images of the store that a push compressed", async () => {
    using shop = shopWithBusybox();
    await using registry = await startFakeRegistry();
    const name = `${registry.host}/app:1`;
    const secrets = [{ id: "token", value: "not-a-real-token" }];
    const text = `${BUSYBOX}RUN --mount=type=secret,id=token,required=true wc -c < /run/secrets/token > /size\n`;
    shop.write({ Dockerfile: text });
    const outputs = [{ type: "image", names: [name], push: false, rewriteTimestamp: true }] as const;
    await shop.buildAs({ context: shop.context, buildArgs: EPOCH, secrets, provenance: { mode: "max" }, outputs });
    await using push = pushImage({ root: shop.root, env: {}, image: name });
    await push.result;
    for (const image of [name, `docker://${name}`]) {
      assert.match(
        await refusal(replay(shop, { image, context: shop.context })),
        /this is missing: the secret "token" \(--secret id=token/,
      );
      assert.deepEqual(given({ difference: (await replay(shop, { image, context: shop.context, secrets })).difference }), {}, image);
    }
  });

  it("names the first byte that differs, its instruction, the usual cause and the cure", async () => {
    using shop = shopWithBusybox();
    await shop.build(`${BUSYBOX}RUN cat /proc/sys/kernel/random/uuid > /built\n`, { ...MAX, buildArgs: EPOCH });
    const { same, difference, digest, replayed } = await replay(shop, { context: shop.context });
    assert.equal(same, false);
    assert.notEqual(digest, replayed);
    assert.match(difference?.what ?? "", /^"\/built" in layer 2 of RUN cat .*: byte \d+ is 0x\w\w in the image and 0x\w\w in the replay: /);
    assert.match(difference?.why ?? "", /its step gives another result/);
  });

  it("says that images without an epoch differ in their times", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY a /d/a\n", a: "a" });
    await shop.buildAs({ context: shop.context, ...MAX });
    const { same, difference } = await replay(shop, { context: shop.context });
    assert.equal(same, false);
    assert.match(`${difference?.what} ${difference?.cure}`, /"\/d" in layer 1 .*its time is .* SOURCE_DATE_EPOCH|configuration .*created/);
  });

  it("leaves the store's images as they were, and keeps the replay by a name where it has one", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY a /a\n", a: "a" });
    const decant = commandsIn(shop.folder);
    const built = await shop.buildAs({ context: shop.context, buildArgs: EPOCH, ...MAX });
    const images = (): string => decant.ok("images", "--all");
    const before = images();
    const { digest } = await replay(shop, { context: shop.context });
    assert.equal(images(), before);
    assert.notEqual(digest, built.result.manifestDigest);
    const kept = await replay(shop, { context: shop.context, tags: ["again:1"] });
    assert.equal(kept.outputs[0]?.descriptor?.digest, digest);
    assert.match(images(), /again:1/);
  });
});

describe("H6: decant replay refuses", () => {
  const rows: readonly {
    readonly name: string;
    readonly options?: Partial<BuildOptions>;
    readonly asked?: (shop: Workshop) => Partial<ReplayOptions>;
    readonly change?: (shop: Workshop) => void;
    readonly says: RegExp;
  }[] = [
    { name: "an image without provenance", options: STORED, says: /"app:1": it has no provenance \| Build it with --provenance/ },
    {
      name: "an image whose folder is not given",
      asked: () => ({ context: undefined }),
      says: /missing: the folder of its build context \(--context PATH\)/,
    },
    {
      name: "mode=min with arguments",
      options: { ...STORED, provenance: { mode: "min" } },
      says: /missing: its build arguments or labels, which mode=min leaves out/,
    },
    {
      name: "another file, by its name",
      change: (shop) => shop.write({ "src/b.txt": "other" }),
      says: /has other files than it was built from, in \[1\/1\] COPY src \/src: src\/b\.txt \(content\) \| Check out the sources/,
    },
    {
      name: "a new file and one that is gone",
      change(shop) {
        shop.write({ "src/c.txt": "new" });
        rmSync(join(shop.context, "src/a.txt"));
      },
      says: /COPY src \/src: src\/c\.txt \(new\), src\/a\.txt \(gone\)/,
    },
    {
      name: "another Dockerfile",
      change: (shop) => shop.write({ Dockerfile: "FROM scratch\n" }),
      says: /is not the Dockerfile that it was built from/,
    },
  ];
  for (const { name, options = MAX, asked = () => ({}), change, says } of rows) {
    it(name, async () => {
      using shop = workshop();
      shop.write({ Dockerfile: "FROM scratch\nCOPY src /src\n", "src/a.txt": "a", "src/b.txt": "b", ".dockerignore": "*.md\n" });
      await shop.buildAs({ context: shop.context, buildArgs: { ...EPOCH, A: "b" }, ...options });
      change?.(shop);
      const told = await refusal(replay(shop, { context: shop.context, ...asked(shop) }));
      assert.match(told, /^REPLAY Cannot replay /);
      assert.match(told, says);
    });
  }

  it("does not mind files that the build did not read", async () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY src /src\n", "src/a.txt": "a" });
    await shop.buildAs({ context: shop.context, buildArgs: EPOCH, ...MAX });
    shop.write({ "other.txt": "never read" });
    assert.equal((await replay(shop, { context: shop.context })).same, true);
  });
});
