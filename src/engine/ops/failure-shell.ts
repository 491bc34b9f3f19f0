/** A shell in the state before a step that failed: its layers, mounts, variables, user and folder. What it changes is thrown away. */
import { DecantError } from "../../errors.ts";
import { entryAt, isProgram, pathFiles, processPlace, programPaths } from "../../facts/index.ts";
import type { Sandbox, SandboxStep } from "../sandbox/index.ts";
import type { EngineContext } from "../types.ts";

const SHELLS = ["bash", "sh"];

/** Tells the builder's user of the failure, who may look at the step. Resolves when they have. */
export async function offerShell(
  error: unknown,
  step: SandboxStep,
  { sandbox, context }: { readonly sandbox: Sandbox; readonly context: Pick<EngineContext, "onStepFailed"> },
): Promise<void> {
  const { onStepFailed } = context;
  if (onStepFailed === undefined || step.signal?.aborted === true || !(error instanceof DecantError)) return;
  await onStepFailed({
    error,
    async shell() {
      const args = [shellOf(step)];
      await using staged = await sandbox.files.stage();
      const own = { id: `${step.id} shell`, args, upper: staged.path };
      const joined = { terminal: true, stdin: "inherit", output: "inherit" } as const;
      return (await sandbox.run({ ...step, ...own, ...joined })).exitCode;
    },
  });
}

/** Throws `RUNTIME` for a stage that has none. */
function shellOf({ root, env, cwd }: SandboxStep): string {
  const files = pathFiles(root);
  const place = processPlace({ Env: env, WorkingDir: cwd });
  const shell = SHELLS.flatMap((name) => programPaths(name, place)).find((path) => isProgram(entryAt(files, path)));
  if (shell !== undefined) return shell;
  throw new DecantError("RUNTIME", "Cannot open a shell before the failed step: its stage has neither bash nor sh on its PATH", {
    hint: "Build the stage before with --target and -t NAME, and run: decant run -it --debug-with busybox NAME",
  });
}
