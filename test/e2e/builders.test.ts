/** Builds whose steps run on builders elsewhere: our own server stands for BuildKit, as both speak one API. No docker is needed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { buildersOf } from "../../src/buildkit/index.ts";
import { type BuildOptions, isDecantError } from "../../src/index.ts";
import { startBuildServer } from "../support/buildkit-client.ts";
import { addBusybox, workshop } from "../support/build.ts";

const EPOCH = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } };
const BUSYBOX = "FROM scratch AS base\nCOPY busybox /\n";

interface Case {
  readonly name: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: Partial<BuildOptions>;
}

const CASES: readonly Case[] = [
  { name: "files of the context", dockerfile: "FROM scratch\nWORKDIR /app\nCOPY --chmod=0640 --chown=5:6 a.txt sub/ ./\n", files: { "a.txt": "a", "sub/b": "b" } },
  { name: "an ignore file", dockerfile: "FROM scratch\nCOPY . /\n", files: { ".dockerignore": "*.log\n", "x.log": "", keep: "k" } },
  { name: "several stages", dockerfile: "FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY --from=one /a /b\nLABEL x=y\nCMD [\"/b\"]\n", files: { a: "a" } },
  { name: "COPY --link", dockerfile: "FROM scratch\nCOPY a /a\nCOPY --link b /b\n", files: { a: "a", b: "b" } },
  { name: "RUN", dockerfile: `${BUSYBOX}RUN touch -d @1700000000 /made && ls / > /list && touch -d @1700000000 /list\n` },
  {
    name: "a secret, and a heredoc",
    dockerfile: `${BUSYBOX}RUN --mount=type=secret,id=s <<END\ncat /run/secrets/s | wc -c > /n\ntouch -d @1700000000 /n\nEND\n`,
    options: { secrets: [{ id: "s", value: "kein-wort-von-busybox-4711" }] },
  },
  {
    name: "named contexts",
    dockerfile: "FROM scratch\nCOPY --from=more c /c\n",
    files: { "more/c": "c" },
    options: { buildContexts: { more: "more" } },
  },
];

for (const { name, dockerfile, files = {}, options = {} } of CASES)
  test(`I3: a build on a builder is the one that is built here: ${name}`, async () => {
    await using server = await startBuildServer();
    using shop = workshop();
    if (dockerfile.includes("busybox")) addBusybox(shop);
    shop.write(files);
    // What RUN touches has the time of the clock.
    const outputs = [{ type: "image", names: ["app"], push: false, rewriteTimestamp: true }] as const;
    const digests: (string | undefined)[] = [];
    for (const builders of [undefined, buildersOf(server.address)]) {
      const root = join(shop.folder, builders === undefined ? "here" : "there");
      const { result } = await shop.build(dockerfile, { ...EPOCH, cwd: shop.context, root, ...options, builders, outputs });
      digests.push(result.manifestDigest);
    }
    assert.equal(digests[1], digests[0]);
  });

test("I3: what a step writes, and its name and place, come as if it ran here; what ran is reused", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  const builders = buildersOf(server.address);
  const { result, log, events } = await shop.build(`${BUSYBOX}RUN echo said\n`, { builders });
  assert.match(log, /said/);
  assert.equal(result.executed, 2);
  const planned = events.find((event) => event.type === "vertex.planned" && event.name.includes("RUN echo said"));
  assert.ok(planned?.type === "vertex.planned" && planned.source?.line === 3);
  const again = await shop.build(`${BUSYBOX}RUN echo said\n`, { builders });
  assert.deepEqual([again.result.executed, again.result.cached], [0, 2]);
});

test("I3: a step that fails there is an error with its place and its output", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  const building = shop.build(`${BUSYBOX}RUN echo words; exit 7\n`, { builders: buildersOf(server.address) });
  await assert.rejects(building, (error) => {
    assert.ok(isDecantError(error, "RUN_FAILED"));
    assert.match(error.message, /RUN echo words; exit 7 failed: exit code 7/);
    assert.equal(error.source[0]?.start.line, 3);
    assert.equal(error.details["exitCode"], 7);
    assert.match(String(error.details["logTail"]), /words/);
    return true;
  });
});
