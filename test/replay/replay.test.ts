/**
 * H6: every example and every base of the catalogue is built with provenance and built once more from it, and has the same digest. Takes an hour
 * when nothing is cached; needs root and the network. Images of Docker Hub are stand-ins that mmdebstrap makes. DECANT_REPLAY chooses by name.
 */
import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { makeRootTar, rootTarPath } from "../../scripts/root-tar.ts";
import { listBases } from "../../src/index.ts";
import { DECANT } from "../support/command.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Kept between runs: the store, and the tars of the stand-ins. */
const FOLDER = process.env["DECANT_EXAMPLES_DIR"] ?? join(homedir(), ".cache/decant-examples");
const CHOSEN = process.env["DECANT_REPLAY"];
const DEBIAN = { suite: "trixie", packages: ["ca-certificates"] };
const NODE = { suite: "trixie", packages: ["ca-certificates", "nodejs", "npm"] };
const STAND_INS = [
  { name: "debian:trixie", root: DEBIAN },
  { name: "ubuntu:latest", root: DEBIAN },
  ...["node:22", "node:18", "node:18-slim"].map((name) => ({ name, root: NODE })),
];
const ASSEMBLE = ["--assemble", "gcr.io/distroless/*"] as const;
const EPOCH = "1767225600";

function decant(folder: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(DECANT, args, {
    cwd: join(ROOT, folder),
    env: { ...process.env, DECANT_ROOT: join(FOLDER, "store"), NO_COLOR: "1", SOURCE_DATE_EPOCH: EPOCH },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
}

function passes(done: SpawnSyncReturns<string>): string {
  assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

function isChosen(name: string): boolean {
  return CHOSEN === undefined || CHOSEN.split(",").includes(name);
}

describe("H6: replay verify of every example", () => {
  before(async () => {
    passes(spawnSync(join(ROOT, "scripts/setup"), ["mmdebstrap", "debian-archive-keyring", "crun"], { encoding: "utf8" }));
    mkdirSync(join(FOLDER, "bases"), { recursive: true });
    for (const { name, root } of STAND_INS) {
      const tar = rootTarPath(join(FOLDER, "bases"), root);
      if (!existsSync(tar)) await makeRootTar(tar, root);
      if (decant(".", "inspect", name).status !== 0) passes(decant(".", "import", tar, name));
    }
  });

  const rows: readonly { readonly name: string; readonly folder?: string; readonly args: readonly string[] }[] = [
    ...["python-venv", "java", "c-static", "cpp-dynamic", "node-native-addon"].map((name) => ({ name, args: ASSEMBLE })),
    { name: "custom-base", args: ["--build-context", "company-base=distroless:./company-base.yaml:nonroot"] },
    ...["distroless", "multi-stage"].map((name) => ({
      name: `node-express-ts-${name}`,
      folder: "node-express-ts",
      args: [...ASSEMBLE, "-f", `${name}.Dockerfile`],
    })),
  ];
  for (const { name, folder = name, args } of rows.filter((row) => isChosen(row.name))) {
    it(`${name} has the same digest`, (context) => {
      const proofs = ["--provenance=mode=max", "-o", "type=image,rewrite-timestamp=true", "-t", `replay/${name}`];
      passes(decant(join("examples", folder), "build", "-q", ...args, ...proofs, "."));
      context.diagnostic(passes(decant(join("examples", folder), "replay", "verify", "--progress", "none", `replay/${name}`, ".")).trim());
    });
  }
});

describe("H6: replay verify of what people start with", () => {
  if (!isChosen("node-express-ts-one-stage")) return;
  it("node-express-ts-one-stage differs, and is told why and what helps", () => {
    const [folder, name] = ["examples/node-express-ts", "replay/node-express-ts-one-stage"];
    const proofs = ["--provenance=mode=max", "-o", "type=image,rewrite-timestamp=true", "-t", name];
    passes(decant(folder, "build", "-q", "-f", "one-stage.Dockerfile", ...proofs, "."));
    const { status, stdout } = decant(folder, "replay", "verify", "--progress", "none", name, ".");
    assert.equal(status, 1, stdout);
    assert.match(
      stdout,
      /"\/root\/\.npm\/_.* in layer \d+ of RUN npm install: .*\n {2}Usual cause: a package manager keeps its cache and its logs\n/,
    );
  });
});

describe("H6: replay verify of every base of the catalogue", async () => {
  for (const { name } of (await listBases()).filter((base) => isChosen(base.name))) {
    it(`${name} has the same digest`, (context) => {
      passes(decant(".", "base", "build", "-q", "--provenance", "-t", `replay/${name}`, name));
      context.diagnostic(passes(decant(".", "replay", "verify", "--progress", "none", `replay/${name}`)).trim());
    });
  }
});
