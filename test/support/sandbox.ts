/** Helpers for tests that run real steps: a busybox root file system, and a step with the usual values. Needs root, busybox-static and an OCI runtime. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox, type Sandbox, type SandboxOptions, type SandboxResult, type SandboxStep } from "../../src/engine/sandbox/index.ts";
import { emptyTree, hostTree } from "../../src/tree/index.ts";

const BUSYBOX = "/usr/bin/busybox";
const APPLETS =
  "sh cat cp dd echo find grep head id ip kill ln ls mkdir mknod mount mv printenv pwd rm sleep stat tail tee touch true umount unshare wc yes".split(
    " ",
  );

/** Why tests that run steps cannot run here, or false. */
export function cannotRunSteps(runtime: "crun" | "runc"): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync(BUSYBOX)) return "needs busybox-static";
  return ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].some((folder) => existsSync(join(folder, runtime)))
    ? false
    : `needs ${runtime}`;
}

/** Makes the root file system of an image with busybox and nothing else. */
export function makeBusyboxRoot(root: string): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  copyFileSync(BUSYBOX, join(root, "bin/busybox"));
  chmodSync(join(root, "bin/busybox"), 0o755);
  for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
}

/** Adds account files to a root file system. */
export function addAccounts(root: string): void {
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\napp:x:1001:\nwheel:x:10:app\naudio:x:29:app,other\n");
}

/** What a step of `SandboxPlace.run` gives. */
export interface StepOutcome extends SandboxResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** A sandbox in a folder of its own. */
export interface SandboxPlace extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly folder: string;
  /** A busybox root file system that the test may change before its first step. */
  readonly base: string;
  /** A new path for an upper directory. */
  upper(): string;
  /** A step over `base` that runs `script`. */
  step(script: string, changes?: Partial<SandboxStep>): SandboxStep;
  /** Runs it and collects its output. */
  run(script: string, changes?: Partial<SandboxStep>): Promise<StepOutcome>;
}

/** Opens a sandbox; disposing removes everything. */
export async function openSandboxPlace(
  runtime: "crun" | "runc",
  options: Pick<SandboxOptions, "deviceCgroup"> = {},
): Promise<SandboxPlace> {
  const stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-sandbox-")));
  const sandbox = stack.use(createSandbox({ stateDir: join(folder, "state"), runtime, ...options }));
  const base = join(folder, "base");
  makeBusyboxRoot(base);
  let uppers = 0;
  const upper = (): string => {
    uppers += 1;
    return join(folder, `upper-${uppers}`);
  };
  const step = (script: string, changes: Partial<SandboxStep> = {}): SandboxStep => ({
    id: "step",
    lowers: changes.lowers ?? [base],
    upper: changes.upper ?? upper(),
    root: changes.lowers?.length === 0 ? emptyTree : hostTree(base),
    args: ["/bin/sh", "-c", script],
    env: ["PATH=/bin"],
    cwd: "/",
    user: "",
    network: "none",
    mounts: [],
    onOutput: () => {},
    ...changes,
  });
  return {
    sandbox,
    folder,
    base,
    upper,
    step,
    async run(script, changes) {
      const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      const result = await sandbox.run(step(script, { onOutput: (stream, chunk) => void output[stream].push(chunk), ...changes }));
      return { ...result, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
