/** FROM (rule S34). */
import { syntaxError } from "../errors.ts";
import { readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import { didYouMean } from "../suggest.ts";
import { present } from "../slices.ts";
import type { FromInstruction } from "../types.ts";
import { blankWords } from "../split-line.ts";

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** FROM. */
export function readFrom(statement: Statement): FromInstruction {
  const [image, as, stageName, ...more] = blankWords(statement.line, statement.args);
  const isComplete = as === undefined || (as.text.toLowerCase() === "as" && stageName !== undefined && more.length === 0);
  if (image === undefined || !isComplete) {
    const typo = as === undefined || stageName === undefined ? undefined : didYouMean(as.text, ["AS"]);
    throw syntaxError("FromArguments", "Cannot parse FROM: FROM requires either one or three arguments", {
      range: statement.base.range,
      hint: typo ?? "Write FROM image, or FROM image AS name",
    });
  }
  if (stageName !== undefined && !STAGE_NAME.test(stageName.text.toLowerCase())) {
    throw syntaxError(
      "StageName",
      `Cannot name the stage: invalid name for build stage: "${stageName.text}", name can't start with a number or contain symbols`,
      { range: stageName.range, hint: 'Use letters, digits, "-", "_" and ".", beginning with a letter' },
    );
  }
  const flags = readFlags(statement, { platform: "string" });
  const platform = flags.word("platform");
  return { ...statement.base, kind: "from", image, ...present({ platform: platform?.text === "" ? undefined : platform, as, stageName }) };
}
