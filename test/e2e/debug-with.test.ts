/** `decant run --debug-with`: a shell and tools over an image that has none, by the command, with a signed archive on loopback. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { makeKey, serveFiles } from "../support/archive.ts";
import { suiteFiles } from "../support/archive-suite.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

const APP = "FROM scratch\nCOPY --from=base /bin/busybox /app/busybox\nCOPY passwd /etc/passwd\n";
const APP_CONFIG = 'ENV PATH=/usr/bin\nENV MODE=live\nUSER 1000\nWORKDIR /data\nENTRYPOINT ["/app/busybox", "echo", "app"]\nCMD ["one"]\n';

describe("F7: decant run --debug-with", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  let shop: Workshop;
  const decant = async (...args: readonly string[]): Promise<readonly [code: number, said: string]> => {
    const env = { ...process.env, DECANT_ROOT: shop.root };
    const { exitCode, stdout, stderr } = await runProcess({ argv: [DECANT, ...args], env, cwd: shop.context });
    return [exitCode, `${stdout.toString()}${stderr.toString()}`];
  };

  before(async () => {
    shop = stack.use(workshop());
    const key = await makeKey();
    const server = stack.use(await serveFiles(new Map()));
    const busybox = {
      name: "busybox-static",
      files: [
        { path: "./usr/bin/busybox", content: readFileSync("/usr/bin/busybox"), mode: 0o755 },
        { path: "./usr/share/doc/busybox-static/copyright", content: "free" },
      ],
    };
    for (const suite of ["trixie", "trixie-updates", "trixie-security"]) {
      const files = await suiteFiles({ suite, packages: suite === "trixie" ? [busybox] : [], key, date: new Date("2026-03-01T00:00:00Z") });
      for (const [path, bytes] of files) server.files.set(path, bytes);
    }
    writeFileSync(join(shop.context, "key.gpg"), Buffer.concat(key.keyring.parts));
    const { url } = server;
    shop.write({
      "decant.yaml": `debian: { mirror: ${url}, securityMirror: ${url}, keyring: key.gpg, acceptExpired: true }\n`,
      passwd: "me:x:1000:1000:me:/:/nologin\n",
    });
    addBusybox(shop);
    await shop.build(`${BUSYBOX}`, { tags: ["tools"] });
    await shop.build(`${BUSYBOX}${APP}${APP_CONFIG}`, { tags: ["app"] });
    await shop.build(`${BUSYBOX}${APP}`, { tags: ["bare"] });
  });
  after(() => stack.disposeAsync());

  it("starts a shell of Debian's busybox, as the image's user, in its folder, with its files", async () => {
    const script = "id -un; pwd; echo $MODE $PATH; cat /etc/passwd; ls -d /busybox/sh /app; readlink /bin/sh";
    assert.deepEqual(await decant("run", "--debug-with", "busybox", "app", "-c", script), [
      0,
      "me\n/data\nlive /usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin:/busybox\nme:x:1000:1000:me:/:/nologin\n/app\n/busybox/sh\n/busybox/busybox\n",
    ]);
  });

  it("starts what is asked for instead, and merges other images", async () => {
    assert.deepEqual(await decant("run", "--debug-with", "tools", "--entrypoint", "head", "app", "-n1", "/etc/group"), [0, "root:x:0:\n"]);
    assert.deepEqual(await decant("run", "--debug-with", "tools", "app", "-c", "cat /etc/passwd; exit 7"), [
      7,
      "me:x:1000:1000:me:/:/nologin\n",
    ]);
  });

  it("runs an image that has neither entry point nor command", async () => {
    assert.deepEqual(await decant("run", "--debug-with", "busybox", "bare", "-c", "echo up"), [0, "up\n"]);
  });

  it("leaves the image as it was", async () => {
    const [, before] = await decant("inspect", "app");
    await decant("run", "--debug-with", "busybox", "app", "-c", "true");
    assert.deepEqual(await decant("inspect", "app"), [0, before]);
    assert.deepEqual(await decant("run", "app"), [0, "app one\n"]);
  });

  it("refuses tools without a shell, and images that are not there", async () => {
    const [code, said] = await decant("run", "--debug-with", "bare", "app");
    assert.match(said, /^ERROR: Cannot debug with "bare": it has neither bash nor sh on its PATH/);
    assert.equal(code, 1);
    assert.match((await decant("run", "--debug-with", "nope", "app"))[1], /^ERROR: Cannot find image "nope"/);
  });
});
