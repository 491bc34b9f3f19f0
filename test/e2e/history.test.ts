/** G.7: past builds, by the command and by the library. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { compareBuilds, isDecantError, listBuilds, showBuild } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

async function decant(
  shop: Workshop,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const env = { ...process.env, DECANT_ROOT: shop.root };
  const { exitCode, stdout, stderr } = await runProcess({ argv: [DECANT, "history", ...args], env, cwd: shop.folder });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

describe("G.7: history", { timeout: 600_000 }, () => {
  it("shows steps, times, warnings, results and the whole logs of past builds", async () => {
    using shop = workshop();
    addBusybox(shop);
    const file = `${BUSYBOX}RUN seq 1 5000\nRUN echo second && echo errors >&2\n`;
    await shop.build(file, { tags: ["one"] });
    await shop.build(file, { tags: ["two"] });
    await assert.rejects(shop.build(`${file}RUN echo third; exit 3\n`, { tags: ["three"] }));
    const [failed, reused, first] = await listBuilds({ root: shop.root });
    assert.ok(failed !== undefined && reused !== undefined && first !== undefined);
    assert.deepEqual([failed.state, reused.state, first.title], ["failed", "done", "one"]);

    const list = await decant(shop, "ls");
    assert.match(list.out, new RegExp(`^BUILD ID +NAME +STATE +STARTED +DURATION\n${failed.id} +three +failed +\\d{4}-`));
    assert.equal((await decant(shop, "ls", "-q")).out, `${failed.id}\n${reused.id}\n${first.id}\n`);

    const shown = await decant(shop, "show");
    assert.match(shown.out, /^Build \w+: three\nStarted .*, failed after [\d.]+s\n/);
    assert.match(shown.out, /\n#\d+ \[4\/4\] RUN echo third; exit 3: failed [\d.]+s(?: \(cpu .*\))?\n {8}1 \| third\n/);
    assert.match(shown.out, /\nERROR: .*exit code 3/);
    assert.match((await decant(shop, "inspect", reused.id)).out, /RUN seq 1 5000: cached\n/);
    assert.match((await decant(shop, "show", first.id)).out, /\n=> image docker.io\/library\/one:latest sha256:/);

    const logs = await decant(shop, "logs", first.id);
    assert.match(logs.out, /\[2\/3\] RUN seq 1 5000\n1\n2\n/);
    assert.match(logs.out, /\n4999\n5000\n#\d+ \[3\/3\] RUN echo second/);
    const number = /#(\d+) \[3\/3\] RUN/.exec(logs.out)?.[1] ?? "";
    assert.deepEqual((await decant(shop, "logs", first.id, "--step", number)).out.split("\n").toSorted(), ["", "errors", "second"]);
    assert.equal((await decant(shop, "logs", reused.id)).out, "");

    assert.equal((await decant(shop, "export", first.id, "-o", "build.json")).code, 0);
    const exported = JSON.parse(readFileSync(join(shop.folder, "build.json"), "utf8")) as { id: string; logs: Record<string, string> };
    assert.equal(exported.id, first.id);
    assert.ok(Object.values(exported.logs).some((log) => log.endsWith("4999\n5000\n")));

    const past = await showBuild({ root: shop.root, build: first.id });
    assert.ok(past.events.some((event) => event.type === "vertex.done"));
    assert.ok(!past.events.some((event) => event.type === "log"));

    assert.equal((await decant(shop, "rm", failed.id, reused.id)).out, `${failed.id}\n${reused.id}\n`);
    assert.equal((await decant(shop, "rm", "--all")).out, `${first.id}\n`);
    assert.equal((await decant(shop, "ls", "-q")).out, "");
  });

  it("G7: shows the lines of a failed step that say why, out of a long log, with the lines around them", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}RUN seq 1 100; echo "main.c:3: error: no" >&2; sleep 0.1; seq 101 200; exit 2\n`;
    await assert.rejects(shop.build(text), (error) => {
      assert.ok(isDecantError(error, "RUN_FAILED"));
      assert.ok(Array.isArray(error.details["failingLines"]));
      return true;
    });
    const shown = await decant(shop, "show");
    assert.match(
      shown.out,
      /: failed [\d.]+s.*\n +99 \| 99\n +100 \| 100\n {2}> +101 \| main\.c:3: error: no\n +102 \| 101\n +103 \| 102\n/,
    );
    const file = join(shop.folder, "Dockerfile");
    const env = { ...process.env, DECANT_ROOT: shop.root };
    const argv = [DECANT, "build", "--progress", "none", "-f", file, shop.context];
    const { exitCode, stderr } = await runProcess({ argv, env, cwd: shop.folder });
    assert.equal(exitCode, 1);
    assert.match(stderr.toString(), /\nWhat failed in the log:\n +99 │ 99\n +100 │ 100\n> +101 │ main\.c:3: error: no\n/);
  });

  it("G7: records versions, sizes, and what a step used that ran alone", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { events } = await shop.build(`${BUSYBOX}RUN i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\n`, { tags: ["app"] });
    const [usage] = events.flatMap((event) => (event.type === "vertex.usage" ? [event.usage] : []));
    assert.ok(usage?.cpuMs !== undefined && usage.cpuMs > 0);
    const shown = await decant(shop, "show");
    assert.match(shown.out, /: done [\d.]+s \(cpu [\d.]+s, .*written /);
    assert.match(shown.out, /\nMade with decant [\d.]+, node \d.*, linux \d/);
    assert.match(shown.out, /\n=> size [\d.]+ [kM]B\n/);
  });

  it("G7: compares two builds: steps, times, cache, sizes, digests, versions", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ a: "x".repeat(1000), b: "1" });
    await shop.build(`${BUSYBOX}COPY a /a\nRUN sleep 0.3\nRUN true\n`, { tags: ["app"] });
    shop.write({ a: "x".repeat(3000) });
    await shop.build(`${BUSYBOX}COPY a /a\nCOPY b /b\nRUN sleep 0.3\n`, { tags: ["app"] });
    const [second, first] = await listBuilds({ root: shop.root });
    const { out } = await decant(shop, "compare", first?.id ?? "", second?.id ?? "");
    assert.match(out, new RegExp(`^ +FIRST +SECOND +CHANGE\nbuild +${first?.id} +${second?.id}\nname +app\nstate +done\n`));
    assert.match(out, /\ncached +0 +1 +changed\n/);
    assert.match(out, /\nsize of image +[\d.]+ MB +(?:[\d.]+ MB +)?\+2 kB\n/);
    assert.match(out, /\ndocker\.io\/library\/app:latest +sha256:\w+ +sha256:\w+ +changed\n/);
    assert.match(out, /\ndecant +\d+\.\d+\.\d+\n/);
    assert.match(out, /COPY busybox \/ +ran [\d.]+s +hit/);
    assert.match(out, /COPY b \/b +- +ran/);
    assert.match(out, /RUN true +ran [\d.]+s +- /);
    const compared = await compareBuilds({ root: shop.root, first: first?.id ?? "" });
    assert.equal(compared.second.id, second?.id);
    assert.deepEqual(
      compared.sizes.map(({ first: from = 0, second: to = 0 }) => to - from),
      [2001],
    );
    assert.match((await decant(shop, "compare", "zzz")).err, /Cannot find build "zzz"/);
  });

  const mistakes = [
    { args: ["show"], want: /^ERROR: Cannot find a build: the history is empty/ },
    { args: ["logs", "zzz"], want: /^ERROR: Cannot find build "zzz": the history has no such ID\n\nHint: See: decant history ls/ },
    { args: ["rm"], want: /^ERROR: Cannot tell which builds to remove: wanted BUILD or --all/ },
    { args: ["ls", "--filter", "status=error"], want: /^ERROR: Option --filter of "decant history ls" is not supported yet/ },
  ];
  for (const { args, want } of mistakes)
    it(`refuses ${args.join(" ")}`, async () => {
      using shop = workshop();
      const { code, err } = await decant(shop, ...args);
      assert.match(err, want);
      assert.equal(code, 1);
    });
});
