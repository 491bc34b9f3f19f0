/** F1: bases for any architecture of Debian in one command, with a signed archive on loopback. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { type FakePackage, makeKey, serveFiles } from "../support/archive.ts";
import { suiteFiles } from "../support/archive-suite.ts";
import { DECANT } from "../support/command.ts";

/** Platforms, with Debian's names and the numbers of their processors. */
const PLATFORMS: readonly (readonly [platform: string, debian: string, machine: number, class64: boolean, big: boolean])[] = [
  ["linux/amd64", "amd64", 62, true, false],
  ["linux/arm64", "arm64", 183, true, false],
  ["linux/arm/v7", "armhf", 40, false, false],
  ["linux/386", "i386", 3, false, false],
  ["linux/ppc64le", "ppc64el", 21, true, false],
  ["linux/s390x", "s390x", 22, true, true],
  ["linux/riscv64", "riscv64", 243, true, false],
];
const ARCHITECTURES = PLATFORMS.map(([platform]) => platform.split("/")[1] ?? "");
const RECIPE = `name: tools
suite: trixie
architectures: ${JSON.stringify(ARCHITECTURES)}
packages: [tool]
users: [{ name: root, uid: 0, gid: 0, home: /root }]
groups: [{ name: root, gid: 0 }]
entrypoint: [/usr/bin/tool]
`;

/** The header of a program that needs nothing. */
function program(machine: number, class64: boolean, big: boolean): Buffer {
  const bytes = Buffer.alloc(class64 ? 64 : 52);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, class64 ? 2 : 1, big ? 2 : 1, 1]);
  const put = (value: number, at: number): number => (big ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at));
  put(2, 16);
  put(machine, 18);
  put(bytes.byteLength, class64 ? 52 : 40);
  return bytes;
}

describe("F1: bases for every architecture of Debian", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  let access: readonly string[];
  const decant = async (args: readonly string[]): Promise<string> => {
    const env = { ...process.env, DECANT_ROOT: join(folder, "store"), NO_COLOR: "1" };
    const { exitCode, stdout, stderr } = await runProcess({ argv: [DECANT, ...args], env, cwd: folder });
    assert.equal(exitCode, 0, stderr.toString());
    return stdout.toString();
  };
  before(async () => {
    folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-architectures-"))).path;
    const key = await makeKey();
    const server = stack.use(await serveFiles(new Map()));
    const packages = PLATFORMS.map(([, architecture, machine, class64, big]): FakePackage => ({
      name: "tool",
      architecture,
      files: [
        { path: "./usr/bin/tool", content: program(machine, class64, big), mode: 0o755 },
        { path: "./usr/share/doc/tool/copyright", content: "free" },
      ],
    }));
    for (const suite of ["trixie", "trixie-updates", "trixie-security"]) {
      const architectures = PLATFORMS.map(([, debian]) => debian);
      const date = new Date("2026-03-01T00:00:00Z");
      const files = await suiteFiles({ suite, architectures, packages: suite === "trixie" ? packages : [], key, date });
      for (const [path, bytes] of files) server.files.set(path, bytes);
    }
    await writeFile(join(folder, "key.gpg"), Buffer.concat(key.keyring.parts));
    await writeFile(join(folder, "tools.yaml"), RECIPE);
    const { url } = server;
    access = ["--mirror", url, "--security-mirror", url, "--keyring", join(folder, "key.gpg"), "--accept-expired"];
  });
  after(() => stack.disposeAsync());

  it("are one index in one command, with and without a lock", async () => {
    const platforms = PLATFORMS.map(([platform]) => platform).join(",");
    const build = ["base", "build", "-q", "--platform", platforms, "-o", "type=oci,tar=false,dest=layout", ...access, "tools.yaml"];
    const topOf = async (): Promise<string> => {
      await decant(build);
      return /"digest":"sha256:([0-9a-f]{64})"/.exec(await readFile(join(folder, "layout/index.json"), "utf8"))?.[1] ?? "";
    };
    const top = await topOf();
    const index: { readonly manifests: readonly { readonly platform: Readonly<Record<string, string>> }[] } = JSON.parse(
      await readFile(join(folder, "layout/blobs/sha256", top), "utf8"),
    );
    assert.deepEqual(
      index.manifests.map(({ platform: { os = "", architecture = "", variant } }) =>
        [os, architecture, ...(variant === undefined ? [] : [variant])].join("/"),
      ),
      PLATFORMS.map(([platform]) => platform),
    );
    await decant(["base", "lock", ...access, "tools.yaml"]);
    const lock: { readonly architectures: object } = JSON.parse(await readFile(join(folder, "tools.lock.json"), "utf8"));
    assert.deepEqual(Object.keys(lock.architectures).toSorted(), ARCHITECTURES.toSorted());
    build.push("--locked");
    assert.equal(await topOf(), top);
  });

  for (const [platform] of PLATFORMS)
    it(`are audited for ${platform} without an emulator`, async () => {
      await decant(["base", "build", "-q", "--platform", platform, "-t", "one", ...access, "tools.yaml"]);
      const said = await decant(["audit", "--platform", platform, "one"]);
      assert.doesNotMatch(said, /processor|cannot start|exec format/i);
    });
});
