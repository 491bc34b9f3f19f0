/** Variables of `decant run`: -e and --env-file, as docker reads them. */
import { resolve } from "node:path";
import { usageError } from "../errors.ts";
import { readNamedFile } from "../sys/index.ts";
import type { CliContext } from "./context.ts";

type Environment = Pick<CliContext, "env">;

const MAX_BYTES = 1024 * 1024;

/** `KEY` alone takes the value of our environment, and is nothing where that has none. */
export function expandVariable(item: string, { env }: Environment): string[] {
  if (item.includes("=")) return [item];
  const value = env[item];
  return value === undefined ? [] : [`${item}=${value}`];
}

/** The variables of files, in order. Throws `USAGE` with file and line. */
export async function fileVariables(files: readonly string[], context: Environment & Pick<CliContext, "cwd">): Promise<string[]> {
  const lines: string[] = [];
  for (const path of files) {
    const file = await readNamedFile({ path: resolve(context.cwd, path) }, { maxBytes: MAX_BYTES, pipes: true });
    if (!("bytes" in file)) throw usageError(`Cannot read --env-file "${path}": ${file.problem}`);
    const text = file.bytes.toString("utf8").replace(/^\uFEFF/, "");
    lines.push(...text.split("\n").flatMap((line, at) => fileLine(line.replace(/\r$/, ""), { path, line: at + 1, context })));
  }
  return lines;
}

/** Values are taken as they are, quotes too; a line without "=" takes the value of our environment. */
function fileLine(
  text: string,
  { path, line, context }: { readonly path: string; readonly line: number; readonly context: Environment },
): string[] {
  const item = text.trimStart();
  if (item === "" || item.startsWith("#")) return [];
  const key = item.split("=", 1)[0] ?? "";
  if (key === "" || /\s/.test(key)) {
    throw usageError(
      `Cannot read --env-file "${path}": line ${line}: "${key}" is no name of a variable`,
      "Write KEY=VALUE or KEY, one a line, without export and quotes",
    );
  }
  return expandVariable(item, context);
}
