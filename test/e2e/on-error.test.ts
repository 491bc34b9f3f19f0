/** `decant build --on-error shell`: a shell in the state before the step that failed, by the command at a terminal. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { atTerminal } from "../support/terminal.ts";

function failing(steps: string): Workshop {
  const shop = workshop();
  addBusybox(shop);
  writeFileSync(join(shop.context, "Dockerfile"), `${BUSYBOX}${steps}`);
  return shop;
}

const build = (shop: Workshop): readonly string[] => [DECANT, "build", "--on-error", "shell", shop.context];

describe("F7: decant build --on-error shell", { timeout: 600_000 }, () => {
  it("opens a shell with the step's user, folder, variables and mounts, without what it changed, and fails as the step did", async () => {
    using shop = failing(
      'ENV PS1=ready> MODE=test\nWORKDIR /work\nRUN echo kept > file && chown app .\nUSER app\nRUN --mount=type=tmpfs,target=/memory touch lost; echo "the step"; exit 9\n',
    );
    const typed = "id -un; pwd; ls; echo $MODE; grep -c /memory /proc/mounts\\n|exit 3\\n";
    const said = await atTerminal(typed, build(shop), { env: { DECANT_ROOT: join(shop.folder, "store"), NO_COLOR: "1" } });
    assert.match(said, /the step[\s\S]*failed: exit code 9[\s\S]*A shell in the state before this step\. "exit" ends the build\./);
    assert.match(said, /app\r?\n\/work\r?\nfile\r?\ntest\r?\n1\r?\n/);
    assert.match(said, /ERROR: [\s\S]*exit code 9[\s\S]*exit 1\s*$/);
  });

  it("opens none for a build that works", async () => {
    using shop = failing("RUN true\n");
    const said = await atTerminal("", build(shop), { env: { DECANT_ROOT: join(shop.folder, "store"), NO_COLOR: "1" } });
    assert.doesNotMatch(said, /A shell in/);
    assert.match(said, /exit 0\s*$/);
  });

  it("says what to do in a stage without a shell", async () => {
    using shop = failing('FROM scratch\nCOPY --from=base /bin/busybox /true\nRUN ["/nope"]\n');
    const said = await atTerminal("", build(shop), { env: { DECANT_ROOT: join(shop.folder, "store"), NO_COLOR: "1" } });
    assert.match(said, /ERROR: Cannot open a shell before the failed step: its stage has neither bash nor sh on its PATH/);
    assert.match(said, /exit 1\s*$/);
  });

  it("is refused before anything is done where there is no terminal", async () => {
    using shop = failing("RUN false\n");
    const { exitCode, stderr } = await runProcess({
      argv: [...build(shop)],
      env: { ...process.env, DECANT_ROOT: join(shop.folder, "store") },
    });
    assert.match(stderr.toString(), /^ERROR: Cannot use --on-error shell: there is no terminal\n\nHint: Leave it out in scripts and CI/);
    assert.equal(exitCode, 1);
  });
});
