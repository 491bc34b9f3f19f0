/**
 * A whole release as `npm run release` makes it, and its parts where people use them: a tarball on a machine without Node.js, an image pulled from
 * a registry, an image that runs steps. Takes minutes; needs root, crun, skopeo, docker-registry, npm's registry and Debian's archive.
 */
import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { VERSION } from "../../src/version.ts";
import { DECANT } from "../support/command.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const HERE = process.arch === "arm64" ? "arm64" : "amd64";
const MACHINES = { amd64: 62, arm64: 183 } as const;

describe("U11: a release", () => {
  const folder = mkdtempSync(join(tmpdir(), "decant-release-test-"));
  const out = join(folder, "release");
  const context = join(folder, "context");
  let told = "";
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(() => {
    passes(spawnSync(join(ROOT, "scripts/setup"), ["crun", "skopeo", "docker-registry", "busybox-static"]));
    told = passes(start([process.execPath, join(ROOT, "scripts/release.ts"), "--out", out]));
    mkdirSync(context);
    copyFileSync("/bin/busybox", join(context, "busybox"));
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY busybox /bin/sh\nFROM scratch\nCOPY --from=0 /bin/sh /made\n");
    writeFileSync(join(context, "steps.Dockerfile"), 'FROM scratch\nCOPY busybox /bin/sh\nRUN echo "it runs" > /made\n');
    passes(start(["tar", "-C", context, "-cf", join(folder, "context.tar"), "."]));
  });

  function start(
    argv: readonly string[],
    options: { readonly input?: Buffer; readonly env?: NodeJS.ProcessEnv } = {},
  ): SpawnSyncReturns<Buffer> {
    const [program = "", ...args] = argv;
    return spawnSync(program, args, {
      env: { ...process.env, DECANT_ROOT: join(folder, "store") },
      maxBuffer: 256 * 1024 * 1024,
      ...options,
    });
  }

  it("has all files with their checksums, built twice", () => {
    const names = [
      `decant-${VERSION}.tgz`,
      ...["amd64", "arm64"].map((architecture) => `decant-${VERSION}-linux-${architecture}.tar.gz`),
      ...["image", "image-debug"].flatMap((image) => [
        `decant-${VERSION}-${image}.tar`,
        ...["amd64", "arm64"].map((architecture) => `decant-${VERSION}-${image}-linux-${architecture}.spdx.json`),
      ]),
    ];
    const sums = readFileSync(join(out, "SHA256SUMS"), "utf8");
    assert.deepEqual([...sums.matchAll(/^[0-9a-f]{64} {2}(.*)$/gm)].map(([, name = ""]) => name).toSorted(), names.toSorted());
    passes(start(["sh", "-c", `cd ${out} && sha256sum --check --strict SHA256SUMS`]));
    assert.match(told, /A second build with an empty store gives the same bytes/);
    assert.match(told, /not published/);
    // H7: of both images, for both platforms.
    assert.equal([...told.matchAll(/decant-\S*image\S*\.tar for linux\/\w+ is the same: sha256:[0-9a-f]{64}/g)].length, 4, told);
  });

  it("names in the SBOM what is in the image, what is bundled too", () => {
    const file = join(out, `decant-${VERSION}-image-linux-arm64.spdx.json`);
    const { packages }: { packages: { name: string }[] } = JSON.parse(readFileSync(file, "utf8"));
    const names = new Set(packages.map(({ name }) => name));
    for (const name of ["node", "libc6", "libisal2", "koffi", "@koromix/koffi-linux-arm64", "openpgp", "yaml", "acorn"])
      assert.ok(names.has(name), name);
    for (const name of ["crun", "busybox-static", "@koromix/koffi-linux-x64", "typescript", "gcc-14"])
      assert.ok(!hasBinary(packages, name), name);
  });

  it("has a tarball that works without Node.js, from any folder and through links", () => {
    passes(start(["tar", "-xzf", join(out, `decant-${VERSION}-linux-${HERE}.tar.gz`), "-C", folder]));
    const installed = join(folder, `decant-${VERSION}-linux-${HERE}`);
    const path = join(folder, "path");
    mkdirSync(path);
    for (const tool of ["readlink", "dirname"]) symlinkSync(passes(start(["sh", "-c", `command -v ${tool}`])).trim(), join(path, tool));
    symlinkSync(join(installed, "bin", "decant"), join(folder, "link"));
    symlinkSync("../link", join(path, "decant"));
    const env = { PATH: path, HOME: join(folder, "home"), DECANT_ROOT: join(folder, "tarball-store") };
    const decant = (...args: readonly string[]): string =>
      passes(start(["/bin/sh", "-c", 'cd / && exec decant "$@"', "sh", ...args], { env }));
    assert.match(decant("version"), new RegExp(`^decant ${VERSION} \\(node 24\\.`));
    assert.match(decant("build", "-q", "-t", "app", context), /^sha256:/);
    assert.match(decant("images"), /app:latest/);
    assert.match(decant("base", "list"), /static-debian13/);
    assert.match(decant("completion", "fish"), /complete -c decant/);
    const plugin = join(folder, "home/.docker/cli-plugins/docker-decant");
    assert.equal(decant("docker-plugin"), `docker decant: ${plugin} -> ${installed}/bin/decant\n`);
    assert.match(passes(start([plugin, "docker-cli-plugin-metadata"], { env })), /"SchemaVersion": ?"0\.1\.0"/);
    assert.match(
      passes(start([plugin, "decant", "version"], { env: { ...env, DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: "/usr/bin/docker" } })),
      /^decant /,
    );
    assert.ok(existsSync(join(installed, "dist/man/decant.1")) && existsSync(join(installed, "docs/ci.md")));
  });

  for (const [architecture, machine] of Object.entries(MACHINES))
    it(`has a tarball for ${architecture} with programs for ${architecture} alone`, () => {
      const place = join(folder, `programs-${architecture}`);
      mkdirSync(place);
      passes(start(["tar", "-xzf", join(out, `decant-${VERSION}-linux-${architecture}.tar.gz`), "-C", place]));
      const programs = [...globSync(`${place}/*/runtime/node`), ...globSync(`${place}/**/*.node`)];
      assert.ok(programs.length >= 2, programs.join());
      for (const program of programs) assert.equal(readFileSync(program).readUInt16LE(18), machine, program);
    });

  it("has images that a registry takes, that build, and that keep Node.js from reading the arguments", async () => {
    await using registry = await startDockerRegistry(folder);
    const name = `${registry.host}/decant:${VERSION}`;
    passes(
      start(["skopeo", "copy", "--all", "--dest-tls-verify=false", `oci-archive:${out}/decant-${VERSION}-image.tar`, `docker://${name}`]),
    );
    passes(start([DECANT, "pull", name]));
    const run = (...args: readonly string[]): SpawnSyncReturns<Buffer> =>
      start([DECANT, "run", "--network", "none", name, ...args], { input: readFileSync(join(folder, "context.tar")) });
    assert.match(passes(run("version")), new RegExp(`^decant ${VERSION} `));
    assert.match(passes(run()), /^Usage: decant COMMAND/);
    const made = run("build", "-o", "-", "-");
    assert.equal(made.status, 0, made.stderr.toString());
    assert.match(passes(start(["tar", "-t"], { input: made.stdout })), /^made$/m);
    // A file that is no configuration would end Node.js before Decant starts.
    for (const option of ["--experimental-config-file=/etc/passwd", "--env-file=/nothing", ""])
      assert.match(run("version", option).stderr.toString(), /^ERROR: Cannot (?:use option|run "decant version")/, option);
    assert.match(run("docker-plugin").stderr.toString(), /^ERROR: Cannot link to "bin\/decant": this installation does not have it/);
    passes(start([DECANT, "audit", "--strict", "--offline", name]));
  });

  it("has an image for debugging that runs steps", () => {
    const layout = join(folder, "debug");
    const rootfs = join(folder, "rootfs");
    mkdirSync(layout);
    passes(start(["tar", "-xf", join(out, `decant-${VERSION}-image-debug.tar`), "-C", layout]));
    writeFileSync(join(folder, "debug.Dockerfile"), "FROM debug\n");
    const from = ["--build-context", `debug=oci-layout://${layout}`, "-f", join(folder, "debug.Dockerfile")];
    passes(start([DECANT, "build", ...from, "-o", rootfs, context]));
    passes(start(["cp", "-r", context, join(rootfs, "src")]));
    // What a container with CAP_SYS_ADMIN and a volume for the store has.
    const script = [
      'set -e; cd "$0"; mount --bind . .; cd "$0"',
      "for folder in proc sys dev; do mount --rbind /$folder $folder; done",
      "for folder in tmp run var/lib/decant; do mount -t tmpfs none $folder; done",
      "exec env -i PATH=/usr/bin:/bin:/busybox DECANT_ROOT=/var/lib/decant /usr/sbin/chroot . /usr/bin/decant build --progress plain -f /src/steps.Dockerfile -o - /src",
    ].join("\n");
    const made = start(["unshare", "-m", "sh", "-c", script, rootfs]);
    assert.equal(made.status, 0, made.stderr.toString());
    assert.equal(passes(start(["tar", "-xO", "made"], { input: made.stdout })), "it runs\n");
  });
});

function hasBinary(packages: readonly { readonly name: string }[], name: string): boolean {
  return packages.some((one) => one.name === name && "SPDXID" in one && !/source/i.test(String(one.SPDXID)));
}

function passes({ status, stdout, stderr, error }: SpawnSyncReturns<Buffer>): string {
  assert.equal(status, 0, `${error?.message ?? ""}${stdout?.toString() ?? ""}\n${stderr?.toString() ?? ""}`);
  return stdout.toString();
}
