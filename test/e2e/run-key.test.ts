/** What makes a RUN run again, and what does not: rules S32 and S110, by builds that differ in one thing. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BuildOptions } from "../../src/index.ts";
import { addBusybox, BUSYBOX, type Workshop, workshop } from "../support/build.ts";

/** Does the RUN run in a second build with these other lines or options? */
async function runsAgain(shop: Workshop, before: Variant, after: Variant): Promise<boolean> {
  await shop.build(before.text, before.options);
  const { events } = await shop.build(after.text, after.options);
  const steps = new Set(
    events.flatMap((event) => (event.type === "vertex.planned" && event.name.includes("] RUN ") ? [event.vertex] : [])),
  );
  assert.equal(steps.size, 1);
  return events.some((event) => event.type === "vertex.started" && steps.has(event.vertex));
}

interface Variant {
  readonly text: string;
  readonly options: Partial<BuildOptions>;
}

const STEP = "RUN echo out > /out\n";
const run = (lines: string, options: Partial<BuildOptions> = {}): Variant => ({ text: `${BUSYBOX}${lines}`, options });
const hosts = (ip: string, host = "db"): Partial<BuildOptions> => ({ addHosts: [{ host, ip }] });

const ROWS: readonly { readonly name: string; readonly before: Variant; readonly after: Variant; readonly again: boolean }[] = [
  { name: "S110: nothing else", before: run(STEP), after: run(STEP), again: false },
  { name: "S110: another command", before: run(STEP), after: run("RUN echo out >> /out\n"), again: true },
  { name: "S110: the exec form of the same command", before: run("RUN true\n"), after: run('RUN ["/bin/sh","-c","true"]\n'), again: false },
  { name: "S110: ENV", before: run(`ENV A=1\n${STEP}`), after: run(`ENV A=2\n${STEP}`), again: true },
  {
    name: "S110: an ARG that is declared and not used",
    before: run(`ARG A\n${STEP}`, { buildArgs: { A: "1" } }),
    after: run(`ARG A\n${STEP}`, { buildArgs: { A: "2" } }),
    again: true,
  },
  {
    name: "S110: an ARG that is declared after it",
    before: run(`${STEP}ARG A\n`, { buildArgs: { A: "1" } }),
    after: run(`${STEP}ARG A\n`, { buildArgs: { A: "2" } }),
    again: false,
  },
  { name: "S110: an argument that nothing declares", before: run(STEP), after: run(STEP, { buildArgs: { A: "1" } }), again: false },
  {
    name: "S110: the working directory",
    before: run(`WORKDIR /bin\n${STEP}`),
    after: run(`WORKDIR /etc\n${STEP}`),
    again: true,
  },
  { name: "S110: the user", before: run(`USER 0\n${STEP}`), after: run(`USER 0:0\n${STEP}`), again: true },
  { name: "S110: the network", before: run(STEP), after: run("RUN --network=none echo out > /out\n"), again: true },
  {
    name: "S110: the host's name",
    before: run(STEP),
    after: run(STEP, { buildArgs: { BUILDKIT_SANDBOX_HOSTNAME: "other" } }),
    again: true,
  },
  { name: "S110: the address of a host", before: run(STEP, hosts("10.0.0.1")), after: run(STEP, hosts("10.0.0.2")), again: false },
  { name: "S110: the name of a host", before: run(STEP, hosts("10.0.0.1")), after: run(STEP, hosts("10.0.0.1", "web")), again: true },
  {
    name: "S110: a limit",
    before: run(STEP),
    after: run(STEP, { ulimits: [{ name: "nofile", soft: 100, hard: 200 }] }),
    again: true,
  },
  {
    name: "S110: labels and the command of the image",
    before: run(STEP),
    after: run(`LABEL a=b\nCMD x\nEXPOSE 80\n${STEP}`),
    again: false,
  },
  {
    name: "S32: a proxy",
    before: run(STEP, { buildArgs: { HTTP_PROXY: "http://a:1" } }),
    after: run(STEP, { buildArgs: { HTTP_PROXY: "http://b:2", no_proxy: "c" } }),
    again: false,
  },
  {
    name: "S32: a proxy that is declared",
    before: run(`ARG HTTP_PROXY\n${STEP}`, { buildArgs: { HTTP_PROXY: "http://a:1" } }),
    after: run(`ARG HTTP_PROXY\n${STEP}`, { buildArgs: { HTTP_PROXY: "http://b:2" } }),
    again: true,
  },
];

describe("what a RUN is keyed by", () => {
  for (const { name, before, after, again } of ROWS)
    it(`${name}${again ? "" : " does not count"}`, async () => {
      using shop = workshop();
      addBusybox(shop);
      assert.equal(await runsAgain(shop, before, after), again);
    });

  it("S110: the value of a secret does not count", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}RUN --mount=type=secret,id=t cp /run/secrets/t /dev/null\n`;
    const secret = join(shop.folder, "secret");
    const options: Partial<BuildOptions> = { secrets: [{ id: "t", src: secret }] };
    writeFileSync(secret, "one");
    await shop.build(text, options);
    writeFileSync(secret, "two");
    assert.equal((await shop.build(text, options)).result.executed, 0);
  });
});
