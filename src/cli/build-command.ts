/** What `decant build` and `decant plan` do with their options. */
import { usageError } from "../errors.ts";
import { build } from "../index.ts";
import { withAudit } from "./audit/build-audit.ts";
import { checkBuildFiles, writeBuildFiles } from "./build-files.ts";
import type { BuildValues } from "./build-options.ts";
import { buildOptions, callOptions, progressMode } from "./build-values.ts";
import { parseCall } from "./call/parse.ts";
import type { CliContext } from "./context.ts";
import { errorShell } from "./error-shell.ts";
import { asDocker } from "./other-builders.ts";
import { tellImageId } from "./output-spec.ts";
import { showRun } from "./progress/show.ts";

/** Builds, plans, or answers `--call`; gives the exit code. `words` are the arguments: the context. */
export async function runBuildCommand(given: BuildValues, words: readonly string[], context: CliContext): Promise<number> {
  const { values, contextFolder } = asDocker(given, words);
  refuseContradictions(values);
  const call = parseCall(values.call ?? (values.check === true ? "check" : "build"));
  if (call.method !== "build") {
    const { runCall } = await import("./call/run-call.ts");
    return await runCall(call, callOptions(values, contextFolder, context), context);
  }
  const options = buildOptions(values, contextFolder, context);
  const progress = progressMode(values, context);
  if (values.plan !== undefined) {
    const { showPlan } = await import("./show-plan.ts");
    return await showPlan(options, { format: values.plan, progress }, context);
  }
  const files = { iidFile: values.iidfile, metadataFile: values["metadata-file"] };
  await checkBuildFiles(files, options, context);
  const shell = values["on-error"] === undefined ? undefined : errorShell(context);
  const audit = { mode: values.audit, file: values["audit-report"], isQuiet: values.quiet === true };
  const result = await withAudit(audit, context, (more) =>
    shell === undefined
      ? showRun(build({ ...options, ...more }), progress, context, { explain: values.explain })
      : showRun(build({ ...options, ...more, onStepFailed: shell.open }), "plain", shell.context, { explain: values.explain }),
  );
  await writeBuildFiles(result, files, context);
  if (values.quiet === true) await tellImageId(result, context);
  return 0;
}

/** What a build writes: an option for one of these with a command that does not build would leave its reader without the file. */
const WRITTEN = ["report", "audit-report", "iidfile", "metadata-file"] as const;

function refuseContradictions(values: BuildValues): void {
  const other = insteadOfBuilding(values);
  const [first, second] = other;
  if (first !== undefined && second !== undefined)
    throw usageError(`Cannot use ${first} with ${second}: each is there instead of the build`, "Leave one out");
  const file = WRITTEN.find((name) => values[name] !== undefined);
  if (first !== undefined && file !== undefined)
    throw usageError(`Cannot use --${file} with ${first}: only a build writes it`, `Leave --${file} out, or build`);
  if (values.report === "-") throw usageError("Cannot write the report to standard output", "Give a file: --report report.html");
  if (values["on-error"] === undefined) return;
  const shown = values.quiet === true ? "--quiet" : `--progress ${values.progress ?? "plain"}`;
  if (shown !== "--progress plain" && shown !== "--progress auto")
    throw usageError(`Cannot use --on-error shell with ${shown}: beside a shell, progress is plain`, `Leave ${shown} out`);
}

function insteadOfBuilding({ plan, check, call }: BuildValues): string[] {
  const isCall = call !== undefined && parseCall(call).method !== "build";
  return [...(plan === undefined ? [] : ["--plan"]), ...(check === true ? ["--check"] : []), ...(isCall ? ["--call"] : [])];
}
