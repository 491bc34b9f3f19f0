/** Answers `--call`: asks the library, prints text or JSON on standard output, gives the exit code. */
import { usageError } from "../../errors.ts";
import {
  checkDockerfile,
  type CheckDockerfileOptions,
  DecantError,
  type DockerfileCheck,
  dockerfileGraph,
  outline,
  targets,
} from "../../index.ts";
import type { CliContext } from "../context.ts";
import { printError } from "../errors/print.ts";
import { createStyle } from "../style.ts";
import { checkText } from "./check-text.ts";
import { checkJson, outlineJson, subrequestsJson, targetsJson } from "./json.ts";
import type { Call } from "./parse.ts";
import { outlineText, subrequestsText, targetsText } from "./outline-text.ts";

/** Runs `call`. 1 when a rule of BuildKit is broken or the file cannot be built, unless the status is ignored. */
export async function runCall(call: Call, options: CheckDockerfileOptions, context: CliContext): Promise<number> {
  const print = async (text: () => readonly string[], json: () => unknown): Promise<number> => {
    await context.stdout.write(
      call.format === "json"
        ? `${JSON.stringify(json(), null, 2)}\n`
        : text()
            .map((line) => `${line}\n`)
            .join(""),
    );
    return 0;
  };
  // Only checks are for several platforms.
  const { platforms: _, ...one } = options;
  switch (call.method) {
    case "check":
      return runCheck(call, await checkDockerfile(options), context, print);
    case "outline": {
      const result = await outline(one);
      return print(
        () => outlineText(result),
        () => outlineJson(result),
      );
    }
    case "targets": {
      const result = await targets(one);
      return print(
        () => targetsText(result),
        () => targetsJson(result),
      );
    }
    case "convertllb": {
      const { llb } = await dockerfileGraph(one);
      await context.stdout.write(`${JSON.stringify(llb, null, 2)}\n`);
      return 0;
    }
    case "subrequests.describe":
      return print(subrequestsText, subrequestsJson);
    case "build":
      throw usageError("Cannot answer --call=build: that is what a build is");
    default:
      return call.method satisfies never;
  }
}

async function runCheck(
  call: Call,
  result: DockerfileCheck,
  context: CliContext,
  print: (text: () => readonly string[], json: () => unknown) => Promise<number>,
): Promise<number> {
  const style = createStyle(context.stdout.color);
  await print(
    () => checkText(result, style),
    () => checkJson(result),
  );
  for (const note of result.notes) await context.stderr.write(`${note}\n`);
  const error = errorOf(result);
  if (error !== undefined) await printError(error, context.stderr);
  return result.passed || call.ignoresStatus ? 0 : 1;
}

function errorOf({ errors, violations }: DockerfileCheck): DecantError | undefined {
  const [first] = errors;
  if (first !== undefined) {
    return new DecantError("DOCKERFILE_SYNTAX", first.message, {
      source: [first.range, ...(first.related ?? [])],
      hint: first.hint,
    });
  }
  if (violations.length === 0) return undefined;
  return new DecantError("DOCKERFILE_CHECK", `Cannot accept the Dockerfile: lint violation found for rules: ${violations.join(", ")}`);
}
