/** Proves src/support.ts: what it calls refused is refused by name and line, what it calls supported becomes a graph. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { command } from "../../src/cli/commands/build.ts";
import { TABLES } from "../../src/cli/commands.ts";
import type { CliContext, OutputStream } from "../../src/cli/context.ts";
import { checkParsed, parseDockerfile } from "../../src/dockerfile/index.ts";
import { isDecantError } from "../../src/errors.ts";
import { toGraph } from "../../src/graph/index.ts";
import { build, checkDockerfile } from "../../src/index.ts";
import { SUPPORT } from "../../src/support.ts";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";

const AMD64 = { os: "linux", architecture: "amd64" } as const;

async function convert(text: string): Promise<void> {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  checkParsed(parsed);
  await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform: AMD64,
    buildPlatform: AMD64,
    noCache: false,
    resolveImage: ({ name }) =>
      Promise.resolve({
        identifier: `docker-image://${name}`,
        config: { ...AMD64, config: {}, rootfs: { type: "layers", diff_ids: [] }, history: [] },
        platform: AMD64,
      }),
  });
}

const silent: OutputStream = {
  write: () => Promise.resolve(),
  isTerminal: false,
  color: false,
  size: () => ({ columns: 80, rows: 24 }),
};

/** Builds `dockerfile` with the words of a command line, in folders of its own. */
async function buildWith(dockerfile: string, args: readonly string[], env: CliContext["env"] = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "decant-support-"));
  try {
    mkdirSync(join(folder, "context"));
    writeFileSync(join(folder, "context", "Dockerfile"), dockerfile);
    await command.run(
      ["--root", join(folder, "store"), "--ca-certs", "off", ...args, "context"],
      {
        env,
        cwd: folder,
        stdin: (async function* () {})(),
        stdout: silent,
        stderr: silent,
        signal: new AbortController().signal,
        forwardSignals: () => ({ [Symbol.dispose]: () => undefined }),
      },
      TABLES,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("SUPPORT", () => {
  it("has each row once, F1 to F70 among them", () => {
    const ids = SUPPORT.map(({ id }) => id);
    assert.deepEqual([...new Set(ids)], ids);
    for (let number = 1; number <= 70; number += 1) assert.equal(ids.includes(`F${number}`), true, `F${number}`);
  });

  it("has proofs of refusal for no row that is full, and of building for no row that is refused", () => {
    for (const { id, state, builds } of SUPPORT)
      if (state === "planned" || state === "refused" || state === "absent") assert.equal(builds, undefined, id);
  });

  it("calls its language rows full only with a Dockerfile that shows it", () => {
    for (const { id, state, builds } of SUPPORT) if (state === "full" && Number(id.slice(1)) < 50) assert.notEqual(builds, undefined, id);
  });
});

describe("what SUPPORT calls supported becomes a graph", () => {
  for (const { id, title, builds } of SUPPORT) {
    if (builds === undefined) continue;
    it(`${id} ${title}`, () => convert(builds));
  }
});

describe("what SUPPORT calls unsupported is refused", () => {
  for (const { id, refuses = [] } of SUPPORT) {
    for (const { dockerfile = "FROM scratch", args } of refuses) {
      it(`${id} ${args?.join(" ") ?? dockerfile.replaceAll("\n", "; ")}`, async () => {
        await assert.rejects(buildWith(dockerfile, args ?? []), (error) => {
          assert.equal(isDecantError(error, "UNSUPPORTED"), true, String(error));
          assert.ok(isDecantError(error));
          assert.match(error.hint ?? "", /docs\/reference\/support\.md#F\d+/);
          if (args === undefined) assert.equal(error.source[0]?.start.line, dockerfile.split("\n").length);
          return true;
        });
      });
    }
  }

  it("F136 a source policy in the environment that is not there", async () => {
    await assert.rejects(buildWith("FROM scratch", [], { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: "policy.json" }), { code: "SOURCE_POLICY" });
  });

  it("F137 a policy beside the Dockerfile", async () => {
    const folder = mkdtempSync(join(tmpdir(), "decant-support-"));
    try {
      writeFileSync(join(folder, "Dockerfile"), "FROM scratch");
      writeFileSync(join(folder, "Dockerfile.rego"), "package docker\n");
      await using run = build({ root: join(folder, "store"), env: {}, caCerts: "off", context: folder });
      await assert.rejects(run.result, { code: "UNSUPPORTED" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

it("F46 BUILDKIT_SANDBOX_HOSTNAME names the host of steps", async () => {
  using shop = workshop();
  addBusybox(shop);
  const { log } = await shop.build(`${BUSYBOX}RUN hostname`, { buildArgs: { BUILDKIT_SANDBOX_HOSTNAME: "builder7" } });
  assert.match(log, /builder7/);
});

it("F1 a check refuses another frontend as well", async () => {
  using shop = workshop();
  shop.write({ Dockerfile: "# syntax=company/frontend:1\nwhatever" });
  await assert.rejects(checkDockerfile({ context: shop.context, root: shop.root, env: {} }), { code: "UNSUPPORTED" });
});
