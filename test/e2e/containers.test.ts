/** `decant run` and who looks after it: signals, `ps`, `stop`, `rm`, `--init` (U4), by the command. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { delay } from "../../src/async.ts";
import { type ContainerSummary, isDecantError, listContainers, runImage, stopContainers } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function decant(shop: Workshop, args: readonly string[]): Promise<Said> {
  const { exitCode, stdout, stderr } = await runProcess({ argv: [DECANT, ...args], env: { ...process.env, DECANT_ROOT: shop.root } });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** A workshop with the image "web", of busybox. */
async function withWeb(changes = ""): Promise<Workshop> {
  const shop = workshop();
  addBusybox(shop);
  await shop.build(`${BUSYBOX}${changes}`, { tags: ["web"] });
  return shop;
}

/** `decant run`; resolves when the container has said "up". */
async function running(
  shop: Workshop,
  args: readonly string[],
  below: readonly string[] = [],
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<number | string> }> {
  const [program = "", ...rest] = [...below, DECANT, "run", ...args];
  const child = spawn(program, rest, { env: { ...process.env, DECANT_ROOT: shop.root }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")));
  const up = Promise.withResolvers<void>();
  let said = "";
  const onData = (chunk: Buffer): void => {
    said += chunk.toString();
    if (said.includes("up")) up.resolve();
  };
  child.stdout.on("data", onData);
  child.stderr.on("data", onData);
  void ended.then(() => up.reject(new Error(`It ended early: ${said}`)));
  await up.promise;
  return { child, ended };
}

async function listed(shop: Workshop): Promise<ContainerSummary[]> {
  return await listContainers({ root: shop.root });
}

const FOREVER = "while :; do sleep 0.1; done";
const DEAF = ["web", "sh", "-c", `trap "" INT TERM HUP; echo up; ${FOREVER}`];

describe("U4: a container ends when it is asked to", { timeout: 600_000, concurrency: 2 }, () => {
  const rows = [
    { name: "at once when its program does not know the signal", script: `echo up; ${FOREVER}`, signals: ["SIGTERM"], want: 143 },
    { name: "with the number of the signal that was sent", script: `echo up; ${FOREVER}`, signals: ["SIGINT"], want: 130 },
    { name: "as its program says that handles the signal", script: `trap "exit 3" HUP; echo up; ${FOREVER}`, signals: ["SIGHUP"], want: 3 },
    { name: "by SIGKILL when the second signal comes", script: DEAF.at(-1) ?? "", signals: ["SIGINT", "SIGTERM"], want: 137 },
  ] as const;
  for (const { name, script, signals, want } of rows)
    it(name, async () => {
      using shop = await withWeb();
      const { child, ended } = await running(shop, ["--stop-timeout=-1", "web", "sh", "-c", script]);
      for (const signal of signals) {
        child.kill(signal);
        // Two signals of one moment are one.
        await delay(100);
      }
      assert.equal(await ended, want);
      assert.deepEqual(await listed(shop), []);
      assert.deepEqual(readdirSync(join(shop.root, "tmp")), []);
    });

  it("by SIGKILL after the time that it has", async () => {
    using shop = await withWeb();
    const { child, ended } = await running(shop, ["--stop-timeout", "1", ...DEAF]);
    child.kill("SIGTERM");
    assert.equal(await ended, 137);
  });

  it("when its terminal is closed", async () => {
    using shop = await withWeb();
    const line = [DECANT, "run", "--stop-timeout", "1", ...DEAF].map((word) => `'${word}'`).join(" ");
    const script = spawn("script", ["-qfc", line, "/dev/null"], {
      env: { ...process.env, DECANT_ROOT: shop.root },
      stdio: ["ignore", "pipe", "ignore"],
    });
    for await (const chunk of script.stdout) if (String(chunk).includes("up")) break;
    assert.equal((await listed(shop)).length, 1);
    script.kill("SIGKILL");
    while ((await listed(shop)).length > 0) await delay(50);
  });

  it("when decant itself is killed, and is not listed any more", async () => {
    using shop = await withWeb();
    const { child, ended } = await running(shop, DEAF);
    assert.equal((await listed(shop)).length, 1);
    child.kill("SIGKILL");
    assert.equal(await ended, "SIGKILL");
    assert.deepEqual(await listed(shop), []);
  });
});

describe("U4: decant ps, stop and rm", { timeout: 600_000, concurrency: 2 }, () => {
  it("list and end the containers of other processes, by any beginning of an ID", async () => {
    using shop = await withWeb("STOPSIGNAL SIGUSR1\n");
    const first = await running(shop, ["web", "sh", "-c", `trap "exit 5" USR1; echo up; ${FOREVER}`]);
    const second = await running(shop, ["--stop-signal", "INT", "web", "sh", "-c", `trap "exit 6" INT; echo up; ${FOREVER}`]);
    const [newer, older] = await listed(shop);
    assert.ok(newer !== undefined && older !== undefined);
    assert.match(
      (await decant(shop, ["ps"])).stdout,
      /^CONTAINER ID {2}IMAGE {2}COMMAND +CREATED +PORTS {2}NAME\n[0-9a-f]{12} {2}web {4}"sh -c trap .*…  \d{4}-\d\d-\d\d \d\d:\d\d\n/,
    );
    assert.equal((await decant(shop, ["ps", "-aq", "--no-trunc"])).stdout, `${newer.id}\n${older.id}\n`);
    assert.deepEqual(JSON.parse((await decant(shop, ["ps", "--format", "json"])).stdout), [newer, older]);
    const short = newer.id.slice(0, 12);
    assert.equal((await decant(shop, ["stop", short])).stdout, `${short}\n`);
    assert.equal(await second.ended, 6);
    assert.deepEqual(await listed(shop), [older]);
    assert.match((await decant(shop, ["stop", "nosuch"])).stderr, /ERROR: Cannot find container "nosuch": .*\n\nHint: See: decant ps/);
    assert.match((await decant(shop, ["stop", "-s", "NOPE", older.id])).stderr, /Cannot use signal "NOPE"/);
    assert.equal((await decant(shop, ["stop", older.id])).exitCode, 0);
    assert.equal(await first.ended, 5);
  });

  it("end those that are deaf after the time, which stop may shorten", async () => {
    using shop = await withWeb();
    const { ended } = await running(shop, ["--stop-timeout=-1", ...DEAF]);
    const [{ id } = { id: "" }] = await listed(shop);
    assert.equal((await decant(shop, ["stop", "-t", "0", id])).exitCode, 0);
    assert.equal(await ended, 137);
  });

  it("never take an image for a container", async () => {
    using shop = await withWeb();
    const rows = [
      {
        args: ["rm", "web"],
        exitCode: 1,
        stderr: /Cannot find container "web".*\n\nHint: To remove the image of this name, run: decant rmi web\n/,
      },
      {
        args: ["rm", "-f", "web"],
        exitCode: 0,
        stderr: /Cannot find container "web".*\n\nHint: To remove the image of this name, run: decant rmi web\n/,
      },
      { args: ["rm", "-fv", "nosuch", "A B"], exitCode: 0, stderr: /"nosuch"[^]*"A B"/ },
      { args: ["stop", "web"], exitCode: 1, stderr: /Cannot find container "web"/ },
    ];
    for (const { args, exitCode, stderr } of rows) {
      const said = await decant(shop, args);
      assert.equal(said.exitCode, exitCode, args.join(" "));
      assert.match(said.stderr, stderr);
    }
    const { ended } = await running(shop, DEAF);
    const [{ id } = { id: "" }] = await listed(shop);
    assert.match((await decant(shop, ["rm", id])).stderr, /it is running\n\nHint: End it with: decant stop/);
    assert.equal((await decant(shop, ["rm", "-f", id.slice(0, 12)])).stdout, `${id.slice(0, 12)}\n`);
    assert.equal(await ended, 137);
    assert.match((await decant(shop, ["images", "-q"])).stdout, /^sha256:/);
    assert.equal((await decant(shop, ["rmi", "web"])).stdout, "docker.io/library/web:latest\n");
    await shop.build(BUSYBOX, { tags: ["web"] });
    assert.equal((await decant(shop, ["image", "rm", "web"])).exitCode, 0);
    assert.equal((await decant(shop, ["images", "-q"])).stdout, "");
  });

  it("refuse what comes later, with what to do now", async () => {
    using shop = workshop();
    for (const args of [["-d"], ["--pull", "always"], ["--gpus", "all"], ["--restart", "always"], ["--volumes-from", "web"]]) {
      const { exitCode, stderr } = await decant(shop, ["run", ...args, "web"]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /^ERROR: Option --\S+ of "decant run" is not supported.*\n\nHint: (?:Decant has|With|Pull|Give|Let|Mount)/);
    }
  });
});

it("U4: --init is the first process, and buries orphans", { timeout: 600_000 }, async () => {
  using shop = await withWeb();
  const script =
    "cat /proc/1/cmdline | tr '\\0' ' '; (sleep 0.1 & echo $! > /pid); while [ -e /proc/$(cat /pid) ]; do sleep 0.05; done; cat /proc/[0-9]*/stat | grep -c ' Z '; exit 4";
  const { stdout, exitCode } = await decant(shop, ["run", "--init", "web", "sh", "-c", script]);
  assert.match(stdout, /^\/sbin\/docker-init -- sh -c /);
  assert.match(stdout, /\n?0\n$/);
  assert.equal(exitCode, 4);
  const { child, ended } = await running(shop, ["--init", "web", "sh", "-c", `echo up; ${FOREVER}`]);
  child.kill("SIGTERM");
  assert.equal(await ended, 143);
});

it("U4: the library's containers are listed and stopped as those of the command", { timeout: 600_000 }, async () => {
  using shop = await withWeb();
  const { root } = shop;
  const up = Promise.withResolvers<void>();
  await using container = await runImage({ root, image: "web", args: DEAF.slice(1), stopTimeoutMs: 200, onOutput: () => up.resolve() });
  await up.promise;
  assert.deepEqual(
    (await listContainers({ root })).map(({ id, image }) => ({ id, image })),
    [{ id: container.id, image: "web" }],
  );
  assert.throws(
    () => container.stop({ signal: "NOPE" }),
    (error) => isDecantError(error, "USAGE"),
  );
  assert.deepEqual(await stopContainers({ root, containers: [container.id.slice(0, 4)] }), [container.id]);
  assert.equal(await container.exit, 137);
  await assert.rejects(stopContainers({ root, containers: [container.id] }), { code: "CONTAINER_NOT_FOUND" });
  await assert.rejects(runImage({ root, image: "web", stopSignal: "NOPE" }), { code: "USAGE" });
});
