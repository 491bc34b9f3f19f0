/** Files that control a build are found in the context that they belong to, and are files (issue item X4). What is outside is never read, nor shown. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, checkDockerfile, DecantError, outline, targets } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";

const SECRET = "root:$6$of-the-host";
const GOOD = "FROM scratch\nCOPY . /x/\n";

/** What can be in the place of a file. */
const IMPOSTORS: Readonly<Record<string, (path: string, shop: Workshop) => void>> = {
  "a link out of the context": (path) => symlinkSync("../outside", path),
  "a link to an absolute path": (path, shop) => symlinkSync(join(shop.folder, "outside"), path),
  "a link to a device": (path) => symlinkSync("/dev/zero", path),
  "a link to nothing": (path) => symlinkSync("nothing", path),
  "a link to itself": (path) => symlinkSync(path.slice(path.lastIndexOf("/") + 1), path),
  "a pipe": (path) => void execFileSync("mkfifo", [path]),
  "a directory": (path) => mkdirSync(path),
  "a device": (path) => void execFileSync("mknod", [path, "c", "1", "5"]),
};

/** A context with a secret beside it. */
function shopWith(files: Readonly<Record<string, string>>): Workshop {
  const shop = workshop();
  writeFileSync(join(shop.folder, "outside"), `${SECRET}\n`);
  shop.write(files);
  return shop;
}

/** "CODE message" of a failure, which must not show the secret. */
async function failure(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof DecantError, String(error));
    const told = `${error.code} ${error.message} ${error.hint ?? ""} ${JSON.stringify(error.source ?? [])}`;
    assert.ok(!told.includes(SECRET), told);
    return told;
  }
  assert.fail("it succeeded");
}

for (const [name, make] of Object.entries(IMPOSTORS)) {
  describe(`X4: ${name}`, () => {
    it("is no Dockerfile", async () => {
      using shop = shopWith({ a: "a" });
      const path = join(shop.context, "Dockerfile");
      make(path, shop);
      const { context, root } = shop;
      for (const options of [{}, { file: path }]) {
        assert.match(await failure(shop.buildAs({ context, ...options })), /^DOCKERFILE_NOT_FOUND Cannot read Dockerfile/);
        for (const look of [checkDockerfile, outline, targets])
          assert.match(await failure(look({ context, root, ...options })), /^DOCKERFILE_NOT_FOUND /);
      }
    });

    it("is no ignore file, of the context or of the Dockerfile", async () => {
      for (const ignore of [".dockerignore", "Dockerfile.dockerignore"]) {
        using shop = shopWith({ a: "a", Dockerfile: GOOD });
        make(join(shop.context, ignore), shop);
        const { context, root } = shop;
        assert.match(await failure(shop.buildAs({ context })), /^CONTEXT Cannot read ignore file/);
        assert.match(await failure(checkDockerfile({ context, root, lookUpImages: false })), /^CONTEXT /);
      }
    });

    it("is no ignore file of a named context", async () => {
      using shop = shopWith({ a: "a", "named/b": "b", Dockerfile: "FROM scratch\nCOPY --from=n . /x/\n" });
      make(join(shop.context, "named/.dockerignore"), shop);
      const named: BuildOptions = { context: shop.context, buildContexts: { n: join(shop.context, "named") } };
      assert.match(await failure(shop.buildAs(named)), /^CONTEXT Cannot read ignore file/);
    });

    it("is no project file", async () => {
      using shop = shopWith({ a: "a", Dockerfile: GOOD });
      const path = join(shop.context, "decant.yaml");
      make(path, shop);
      for (const options of [{}, { projectFile: path }])
        assert.match(await failure(shop.buildAs({ context: shop.context, ...options })), /^CONFIG_FILE Cannot read project file/);
    });

    it("is no recipe, no lock, no keyring and no file of a recipe in the context", async () => {
      using shop = shopWith({ Dockerfile: "FROM base\n", "decant.yaml": "images: { base: distroless:bases/mine.yaml }\n" });
      mkdirSync(join(shop.context, "bases"));
      const build = (): Promise<string> => failure(shop.buildAs({ context: shop.context }));
      const at = (file: string): string => join(shop.context, "bases", file);
      make(at("mine.yaml"), shop);
      assert.match(await build(), /^RECIPE .*(?:cannot be read|no such file)/);
      rmSync(at("mine.yaml"), { recursive: true });
      writeFileSync(at("mine.yaml"), "name: mine\nextends: parent\n");
      make(at("parent.yaml"), shop);
      assert.match(await build(), /^RECIPE .*cannot be read/);
      rmSync(at("parent.yaml"), { recursive: true });
      writeFileSync(at("mine.yaml"), "name: mine\nextends: static-debian13\nfiles: [{ path: /f, source: own }]\n");
      make(at("own"), shop);
      assert.match(await build(), /^RECIPE .*"own" cannot be read/);
      rmSync(at("own"), { recursive: true });
      writeFileSync(at("own"), "");
      make(at("mine.lock.json"), shop);
      assert.match(await build(), /^RECIPE_LOCK Cannot use lock/);
      rmSync(at("mine.lock.json"), { recursive: true });
      writeFileSync(join(shop.context, "decant.yaml"), "images: { base: distroless:bases/mine.yaml }\ndebian: { keyring: keys }\n");
      make(join(shop.context, "keys"), shop);
      assert.match(await build(), /^DEBIAN_SIGNATURE .*the keyring cannot be read/);
    });
  });
}

describe("what a project file of a context names", () => {
  for (const [name, yaml] of [
    ["a recipe above", "images: { base: distroless:../mine.yaml }"],
    ["a recipe anywhere", "images: { base: distroless:/mine.yaml }"],
    ["a keyring above", "debian: { keyring: ../keys }"],
    ["a keyring anywhere", "debian: { keyring: /etc/shadow }"],
  ] as const)
    it(`X4: must be in it: ${name}`, async () => {
      using shop = shopWith({ Dockerfile: "FROM scratch\n", "decant.yaml": `${yaml}\n` });
      assert.match(await failure(shop.buildAs({ context: shop.context })), /^CONFIG_FILE .*is outside of/);
    });

  it("may be anywhere when the user names the project file and it is in no context", async () => {
    using shop = shopWith({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
    const projectFile = join(shop.folder, "mine.yaml");
    writeFileSync(projectFile, "debian: { keyring: /usr/share/keyrings/other.gpg }\n");
    await shop.buildAs({ context: shop.context, projectFile });
  });
});

describe("what the user names himself", () => {
  it("X4: is a Dockerfile anywhere, also a link and a pipe", async () => {
    using shop = shopWith({ a: "a" });
    const at = (file: string): string => join(shop.folder, file);
    writeFileSync(at("real"), GOOD);
    mkdirSync(at("links"));
    symlinkSync("../real", at("links/Dockerfile"));
    symlinkSync("../links", join(shop.context, "docker"));
    execFileSync("mkfifo", [at("pipe")]);
    const writer = spawn("sh", ["-c", 'cat "$1" > "$2"', "sh", at("real"), at("pipe")], { stdio: "ignore" });
    for (const file of [at("links/Dockerfile"), join(shop.context, "docker/Dockerfile"), at("pipe")])
      await shop.buildAs({ context: shop.context, file });
    if (writer.exitCode === null) await new Promise((resolve) => writer.once("exit", resolve));
  });

  it("X4: is no Dockerfile that is a device, a directory or too large", async () => {
    using shop = shopWith({ a: "a" });
    writeFileSync(join(shop.folder, "large"), Buffer.alloc(16 * 1024 * 1024 + 1, "#"));
    for (const file of ["/dev/zero", shop.folder, join(shop.folder, "large")])
      assert.match(await failure(shop.buildAs({ context: shop.context, file })), /^DOCKERFILE_NOT_FOUND .*(?:wanted a file|at most)/);
  });

  it("X4: is a secret of a file or a pipe, and of nothing else", async () => {
    using shop = shopWith({});
    addBusybox(shop);
    const pipe = join(shop.folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'printf piped > "$1"', "sh", pipe], { stdio: "ignore" });
    const step = "RUN --mount=type=secret,id=s,target=/s";
    const { log } = await shop.build(`${BUSYBOX}${step} cat /s\n${step} cat /s; echo\n`, { secrets: [{ id: "s", src: pipe }] });
    if (writer.exitCode === null) await new Promise((resolve) => writer.once("exit", resolve));
    assert.equal(log, "pipedpiped\n");
    writeFileSync(join(shop.folder, "large"), Buffer.alloc(500 * 1024 + 1));
    for (const src of ["/dev/zero", shop.folder, join(shop.folder, "large"), join(shop.folder, "none")])
      assert.match(await failure(shop.build(GOOD, { secrets: [{ id: "s", src }] })), /^USAGE Cannot use secret "s"/);
  });

  it("X4: is a key for --ssh in a file, and in nothing else", async () => {
    using shop = shopWith({});
    const pipe = join(shop.folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    writeFileSync(join(shop.folder, "large"), Buffer.alloc(100 * 1024 + 1));
    for (const path of ["/dev/zero", shop.folder, pipe, join(shop.folder, "large")])
      assert.match(await failure(shop.build(GOOD, { ssh: [{ id: "default", paths: [path] }] })), /^USAGE Cannot use the key/);
  });

  it("X4: is a bundle of certificates that is a file", async () => {
    using shop = shopWith({});
    for (const caCerts of [shop.folder, join(shop.folder, "none")])
      assert.match(await failure(shop.build(GOOD, { caCerts })), /^USAGE Cannot use --ca-certs/);
  });
});

it("links in the context are followed in it, and its root is theirs", async () => {
  using shop = shopWith({ "docker/Dockerfile": GOOD, "docker/ignored": "a\n", a: "a", b: "b" });
  symlinkSync("docker/Dockerfile", join(shop.context, "Dockerfile"));
  symlinkSync("/docker/ignored", join(shop.context, ".dockerignore"));
  const dest = join(shop.folder, "out");
  await shop.buildAs({ context: shop.context, outputs: [{ type: "local", dest }] });
  assert.equal(readFileSync(join(dest, "x/b"), "utf8"), "b");
  assert.throws(() => readFileSync(join(dest, "x/a")), { code: "ENOENT" });
});
