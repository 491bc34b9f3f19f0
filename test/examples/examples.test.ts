/**
 * Builds and runs every example as its README says, with the audit on. Takes minutes when nothing is cached; needs root and the network. Images of
 * Docker Hub are stand-ins that mmdebstrap makes: what is built on them is left behind.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { before, describe, it } from "node:test";
import { makeRootTar, rootTarPath } from "../../scripts/root-tar.ts";
import { DECANT } from "../support/command.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Kept between runs: the store, and the tars of the stand-ins. */
const FOLDER = process.env["DECANT_EXAMPLES_DIR"] ?? join(homedir(), ".cache/decant-examples");
const PORT = 3917;
const STAND_INS = [
  { name: "debian:trixie", root: { suite: "trixie", packages: ["ca-certificates"] } },
  { name: "node:22", root: { suite: "trixie", packages: ["ca-certificates", "nodejs", "npm"] } },
] as const;
const ASSEMBLE = ["--assemble", "gcr.io/distroless/*"] as const;

function decant(folder: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(DECANT, args, {
    cwd: join(ROOT, "examples", folder),
    env: { ...process.env, DECANT_ROOT: join(FOLDER, "store"), NO_COLOR: "1" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
}

function passes(done: SpawnSyncReturns<string>): string {
  assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

describe("examples", () => {
  before(async () => {
    passes(spawnSync(process.execPath, [join(ROOT, "scripts/bundle.ts")], { encoding: "utf8" }));
    passes(spawnSync(join(ROOT, "scripts/setup"), ["mmdebstrap", "debian-archive-keyring", "crun"], { encoding: "utf8" }));
    mkdirSync(join(FOLDER, "bases"), { recursive: true });
    for (const { name, root } of STAND_INS) {
      const tar = rootTarPath(join(FOLDER, "bases"), root);
      if (!existsSync(tar)) await makeRootTar(tar, root);
      if (decant(".", "inspect", name).status !== 0) passes(decant(".", "import", tar, name));
    }
  });

  const rows = [
    { folder: "python-venv", args: ASSEMBLE, run: ["--check"], want: /^python 3\.13, Hello, distroless: 3 vowels$/ },
    { folder: "java", args: ASSEMBLE, run: [], want: /^java 21, UTF-8, authorities: over 100$/ },
    { folder: "c-static", args: ASSEMBLE, run: [], want: /^static, as user 65532$/ },
    { folder: "cpp-dynamic", args: ASSEMBLE, run: [], want: /^hello, distroless\nhello, c\+\+$/ },
    {
      folder: "custom-base",
      args: ["--build-context", "company-base=distroless:./company-base.yaml:nonroot"],
      run: [],
      want: /^libpq 17, certificates: 1\d\d$/,
    },
  ] as const;
  for (const { folder, args, run, want } of rows) {
    it(`${folder} builds, passes the audit and runs`, () => {
      passes(decant(folder, "build", ...args, "--audit=strict", "-t", folder, "."));
      assert.match(passes(decant(folder, "run", "--network", "none", folder, ...run)).trim(), want);
    });
  }

  it("node-native-addon builds, passes the audit and answers", async () => {
    passes(decant("node-native-addon", "build", ...ASSEMBLE, "--audit=strict", "-t", "node-native-addon", "."));
    const service = spawn(DECANT, ["run", "-e", `PORT=${PORT}`, "node-native-addon"], {
      env: { ...process.env, DECANT_ROOT: join(FOLDER, "store") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(service, "exit");
    try {
      assert.deepEqual(await answerOf(`http://127.0.0.1:${PORT}/hash/secret`), { verified: true });
    } finally {
      service.kill("SIGTERM");
      await exit;
    }
  });
});

/** The service takes a moment to start. */
async function answerOf(url: string): Promise<unknown> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
}
