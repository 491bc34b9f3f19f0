/** What `--check` prints: BuildKit's rules as docker buildx prints them, then Decant's advice. Pure. */
import type { CheckWarning, DockerfileCheck } from "../../index.ts";
import { safeLine, type Style } from "../style.ts";
import { buildxExcerpt } from "./excerpt.ts";

/** The lines of a check. */
export function checkText(check: DockerfileCheck, style: Style): string[] {
  const warnings = check.warnings.filter(({ origin }) => origin === "buildkit");
  const advice = check.warnings.filter(({ origin }) => origin === "decant");
  const lines = [summary(warnings.length, check.errors.length > 0, style)];
  for (const warning of warnings) lines.push("", ...block(`${style.yellow("WARNING:")} `, warning, check));
  if (advice.length > 0)
    lines.push("", `${advice.length} ${advice.length === 1 ? "suggestion (does" : "suggestions (do"} not affect the result):`);
  for (const warning of advice) lines.push("", ...block(`${style.cyan("SUGGESTION:")} `, warning, check));
  return lines.concat(warnings.length + advice.length > 0 ? [""] : []);
}

function summary(count: number, hasErrors: boolean, style: Style): string {
  if (count > 0) return style.yellow(`Check complete, ${count === 1 ? "1 warning has" : `${count} warnings have`} been found!`);
  return hasErrors ? "Check complete, no warnings found besides the error." : style.green("Check complete, no warnings found.");
}

function block(mark: string, { code, url, message, lines }: CheckWarning, { file }: DockerfileCheck): string[] {
  return [`${mark}${code}${url === undefined ? "" : ` - ${url}`}`, ...message.split("\n").map(safeLine), ...buildxExcerpt(file, lines)];
}
