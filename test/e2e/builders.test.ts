/** Builds whose steps run on builders elsewhere: our own server stands for BuildKit, as both speak one API. No docker is needed. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildersOf } from "../../src/buildkit/index.ts";
import { build, type BuildEvent, type BuildOptions, isDecantError, replayImage } from "../../src/index.ts";
import { startBuildServer } from "../support/buildkit-client.ts";
import { addBusybox, workshop } from "../support/build.ts";
import { stepsEnd } from "../support/events.ts";

const EPOCH = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" } };
const BUSYBOX = "FROM scratch AS base\nCOPY busybox /\n";

interface Case {
  readonly name: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: Partial<BuildOptions>;
}

const CASES: readonly Case[] = [
  {
    name: "files of the context",
    dockerfile: "FROM scratch\nWORKDIR /app\nCOPY --chmod=0640 --chown=5:6 a.txt sub/ ./\n",
    files: { "a.txt": "a", "sub/b": "b" },
  },
  { name: "an ignore file", dockerfile: "FROM scratch\nCOPY . /\n", files: { ".dockerignore": "*.log\n", "x.log": "", keep: "k" } },
  {
    name: "several stages",
    dockerfile: 'FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY --from=one /a /b\nLABEL x=y\nCMD ["/b"]\n',
    files: { a: "a" },
  },
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

test("I3: provenance of a build on a builder is enough to build it once more here", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  shop.write({ "a.txt": "a" });
  const outputs = [{ type: "image", names: ["app:1"], push: false, rewriteTimestamp: true }] as const;
  const builders = buildersOf(server.address);
  await shop.build("FROM scratch\nCOPY a.txt /\n", { ...EPOCH, builders, outputs, provenance: { mode: "max" } });
  const replay = { root: shop.root, env: {}, image: "app:1", context: shop.context };
  await using run = replayImage(replay);
  assert.equal((await run.result).same, true);
  shop.write({ "a.txt": "b" });
  await using other = replayImage(replay);
  await assert.rejects(other.result, /other files than it was built from.*a\.txt \(content\)/);
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

test("U2: a step that fails there is the only one that failed: what had not begun did not, and what ran was cancelled", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  const events: BuildEvent[] = [];
  const dockerfile = "FROM scratch\nCOPY busybox /\nRUN exit 7\nRUN echo next\nCOPY a.txt /b\nRUN echo last\n";
  shop.write({ Dockerfile: dockerfile, "a.txt": "a" });
  await using run = build({ env: {}, caCerts: "off", context: shop.context, root: shop.root, builders: buildersOf(server.address) });
  await assert.rejects(async () => {
    for await (const event of run) events.push(event);
    await run.result;
  }, /RUN exit 7 failed: exit code 7/);
  stepsEnd(events);
  const named = new Map(events.flatMap((event) => (event.type === "vertex.planned" ? [[event.vertex, event.name] as const] : [])));
  const failed = events.flatMap((event) => (event.type === "vertex.failed" ? [named.get(event.vertex)] : []));
  assert.deepEqual(failed, ["[2/5] RUN exit 7"]);
});

/** Builds, and calls `onEvent` for each event while the build goes on. */
async function watched(options: BuildOptions, onEvent: (event: BuildEvent) => void): Promise<readonly BuildEvent[]> {
  await using run = build({ env: {}, caCerts: "off", ...options });
  const events: BuildEvent[] = [];
  for await (const event of run) {
    events.push(event);
    onEvent(event);
  }
  stepsEnd(events);
  await run.result;
  return events;
}

const SLOW = `${BUSYBOX}RUN echo started; sleep 3; echo ended\n`;

test("I3: the steps of a builder that dies go to another one", async () => {
  await using one = await startBuildServer();
  await using two = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, SLOW);
  const used: string[] = [];
  let isCut = false;
  const builders = buildersOf(`${one.address},${two.address}`);
  const events = await watched({ root: shop.root, context: shop.context, file, builders, tags: ["app"] }, (event) => {
    if (event.type === "vertex.planned") used.push(...(/ run on (.+)$/.exec(event.name) ?? []).slice(1));
    if (event.type !== "log" || !event.data.includes("started") || isCut) return;
    isCut = true;
    (used[0] === one.address ? one : two).cut();
  });
  assert.deepEqual(used.toSorted(), [one.address, two.address].toSorted());
  assert.ok(events.some((event) => event.type === "warning" && event.code === "BuilderLost"));
  assert.ok(events.some((event) => event.type === "log" && event.data.includes("ended")));
});

test("I3: where no builder is left, the error names builder and step", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, SLOW);
  const building = watched({ root: shop.root, context: shop.context, file, builders: buildersOf(server.address) }, (event) => {
    if (event.type === "log" && event.data.includes("started")) server.cut();
  });
  await assert.rejects(building, (error) => {
    assert.ok(isDecantError(error, "BUILDER"));
    assert.ok(error.message.includes(server.address) && error.message.includes("RUN echo started"), error.message);
    return true;
  });
});

test("H3: a builder that goes before the first step is told as one that has gone", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  shop.write({ a: "a" });
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, "FROM scratch\nCOPY a /\n");
  const building = watched({ root: shop.root, context: shop.context, file, builders: buildersOf(server.address) }, (event) => {
    if (event.type === "vertex.done" && event.vertex.startsWith("builder ")) server.cut();
  });
  await assert.rejects(building, (error) => {
    assert.ok(isDecantError(error, "BUILDER"), String(error));
    assert.ok(error.message.includes("has gone"), error.message);
    return true;
  });
});

test("I3: each platform goes to a builder, and the image has all of them", async () => {
  await using one = await startBuildServer();
  await using two = await startBuildServer();
  using shop = workshop();
  shop.write({ a: "a" });
  const builders = buildersOf(`${one.address},${two.address}`);
  const { result } = await shop.build("FROM scratch\nCOPY a /\n", { builders, platforms: ["linux/amd64", "linux/arm64"], tags: ["app"] });
  assert.ok(result.manifestDigest !== undefined);
});

test("I3: images that only this machine has go through the session", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  addBusybox(shop);
  await shop.build(`${BUSYBOX}RUN echo base > /b\n`, { tags: ["mine"] });
  const { result, log } = await shop.build("FROM mine\nRUN cat /b\n", { tags: ["app"], builders: buildersOf(server.address) });
  assert.match(log, /base/);
  const again = await shop.build("FROM mine\nRUN cat /b\n", { tags: ["app"], builders: buildersOf(server.address) });
  assert.equal(again.result.imageId, result.imageId);
});

test("I3: what works here only is refused before anything runs", async () => {
  await using server = await startBuildServer();
  using shop = workshop();
  const builders = buildersOf(server.address);
  for (const more of [{ explain: true }, { cgroupParent: "x" }, { cacheTo: [{ type: "inline" as const }] }, { runtime: "runc" as const }])
    await assert.rejects(shop.build("FROM scratch\nCOPY . /\n", { builders, ...more }), /together with --builder is not supported/);
});

test("I3: nobody answers, and builders that cannot be read", async () => {
  using shop = workshop();
  const gone = buildersOf(`unix://${shop.folder}/gone`);
  await assert.rejects(shop.build("FROM scratch\n", { builders: gone }), (error) => isDecantError(error, "BUILDER"));
  for (const text of [
    "x",
    "tcp://h:1",
    "docker-container://-x",
    "unix://rel",
    "kube-pod://p?x=1",
    "unix:///a,unix:///a",
    "ssh://-oProxyCommand=x",
  ])
    await assert.rejects(shop.build("FROM scratch\n", { builders: buildersOf(text) }), (error) => isDecantError(error, "USAGE"), text);
});
