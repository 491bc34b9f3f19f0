/** What `decant run` takes in docker's words, by the command: mounts, limits, names, and a terminal of its own. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { listContainers, runImage } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { atTerminal } from "../support/terminal.ts";

async function withWeb(changes = ""): Promise<Workshop> {
  const shop = workshop();
  addBusybox(shop);
  await shop.build(`${BUSYBOX}${changes}`, { tags: ["web"] });
  return shop;
}

/** `decant run`'s exit code and output. */
async function run(shop: Workshop, args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { exitCode, stdout, stderr } = await runProcess({
    argv: [DECANT, "run", ...args],
    env: { ...process.env, DECANT_ROOT: shop.root },
    cwd: shop.context,
  });
  return { code: exitCode, said: `${stdout.toString()}${stderr.toString()}` };
}

describe("decant run, with what docker run has", { timeout: 600_000, concurrency: 2 }, () => {
  it("shows files and folders of this machine, memory and volumes", async () => {
    using shop = await withWeb("VOLUME /kept\n");
    mkdirSync(join(shop.context, "src"));
    writeFileSync(join(shop.context, "src/a"), "from the host");
    const script =
      "cat /src/a /one; touch /src/b 2>/dev/null || echo ' shut'; touch /kept/x /memory/x /own/x /new && grep -c size=1024k /proc/mounts";
    const mounts = ["-v", "./src:/src:ro", "--mount", "type=bind,source=src/a,target=/one", "--tmpfs", "/memory:size=1m", "-v", "/own"];
    assert.deepEqual(await run(shop, [...mounts, "web", "sh", "-c", script]), { code: 0, said: "from the hostfrom the host shut\n1\n" });
    const written = await run(shop, ["-v", "./src:/src", "web", "sh", "-c", "echo new > /src/c"]);
    assert.deepEqual(written, { code: 0, said: "" });
    assert.equal((await run(shop, ["-v", "./src:/src", "web", "cat", "/src/c"])).said, "new\n");
  });

  it("sets names, hosts, limits, capabilities and variables", async () => {
    using shop = await withWeb();
    writeFileSync(join(shop.context, "variables"), "A=1\nB=two\n");
    const settings =
      "--hostname inside --add-host db:10.1.2.3 --ulimit nofile=99:100 --shm-size 1m --cap-drop ALL --cap-add net_admin --security-opt no-new-privileges --env-file variables -e A=3 --device /dev/null:/dev/nothing";
    const script =
      "hostname; grep -c 10.1.2.3 /etc/hosts; ulimit -n; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; grep -E 'CapEff|NoNew' /proc/self/status | tr -d '\\t'; echo $A$B; echo x > /dev/nothing && echo device";
    const { code, said } = await run(shop, [...settings.split(" "), "web", "sh", "-c", script]);
    assert.equal(said, "inside\n1\n99\n1024\nCapEff:0000000000001000\nNoNewPrivs:1\n3two\ndevice\n");
    assert.equal(code, 0);
  });

  it("takes everything away or gives everything", async () => {
    using shop = await withWeb();
    const caps = async (...args: readonly string[]): Promise<bigint> =>
      BigInt(`0x${(await run(shop, [...args, "web", "sh", "-c", "grep CapEff /proc/self/status"])).said.split(/\s+/)[1] ?? "0"}`);
    assert.equal(await caps("--cap-drop", "ALL"), 0n);
    const [usual, without, all] = [await caps(), await caps("--cap-drop", "CHOWN"), await caps("--privileged")];
    assert.equal(usual & ~without, 1n);
    assert.ok(all > usual);
  });

  const refused = [
    { args: ["-v", "./nope:/x"], want: /^ERROR: Cannot mount ".\/nope": there is no such file or folder/ },
    { args: ["-v", "./:x"], want: /^ERROR: Cannot mount at "x": it is not an absolute path/ },
    { args: ["-v", "./:/x", "--tmpfs", "/x/"], want: /^ERROR: Cannot mount at "\/x\/": two mounts have this target/ },
    { args: ["--cap-add", "FLY"], want: /^ERROR: Cannot use capability "FLY"/ },
    { args: ["--device", "/etc/passwd"], want: /^ERROR: Cannot use device "\/etc\/passwd": it is no device file/ },
    { args: ["--name", "-"], want: /^ERROR: Cannot name the container "-"/ },
    { args: ["-t"], want: /^ERROR: Cannot give the container a terminal: standard input is not one/ },
  ];
  for (const { args, want } of refused)
    it(`refuses ${args.join(" ")}`, async () => {
      using shop = await withWeb();
      const { code, said } = await run(shop, [...args, "web", "true"]);
      assert.match(said, want);
      assert.equal(code, 1);
    });

  it("names a container, once", async () => {
    using shop = await withWeb();
    const options = { root: shop.root, image: "web", args: ["sleep", "100"], name: "one", onOutput: () => undefined };
    await using container = await runImage(options);
    assert.deepEqual(
      (await listContainers({ root: shop.root })).map(({ id, name }) => ({ id, name })),
      [{ id: container.id, name: "one" }],
    );
    await assert.rejects(runImage(options), { message: /a running container has this name/ });
    const { exitCode, stdout } = await runProcess({ argv: [DECANT, "stop", "one"], env: { ...process.env, DECANT_ROOT: shop.root } });
    assert.deepEqual([exitCode, stdout.toString().trim()], [0, "one"]);
    assert.equal(await container.exit, 143);
  });

  it("joins a terminal to ours: its size, Ctrl-C, the exit code", async () => {
    using shop = await withWeb();
    const typed = "tty; stty size\\n|stty size; echo done\\n|echo code $?; exit 7\\n";
    const argv = [DECANT, "run", "-it", "-e", "PS1=ready>", "web", "sh"];
    const said = await atTerminal(typed, argv, { env: { DECANT_ROOT: shop.root } });
    assert.match(said, /\/dev\/pts\/0\r?\n30 100/);
    assert.match(said, /40 120/);
    assert.match(said, /exit 7\s*$/);
  });
});
