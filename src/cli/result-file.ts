/** `-o FILE` of commands whose result is a text: standard output without it. */
import { resolve } from "node:path";
import { checkOutputFile, writeOutputFile } from "../image/index.ts";
import type { CliContext } from "./context.ts";

/** Where the result of a command goes. */
interface ResultFile {
  /** Appears when it is complete. Throws `EXPORT`. */
  write(text: string): Promise<void>;
  /** Absent: standard output. */
  readonly path?: string;
}

/** Checks before the work whether the result can be written to `file`; "-" is standard output. Throws `EXPORT`. */
export async function openResultFile(file: string | undefined, { cwd, stdout, signal }: CliContext): Promise<ResultFile> {
  if (file === undefined || file === "-") return { write: (text) => stdout.write(text) };
  const path = resolve(cwd, file);
  await checkOutputFile(path, signal);
  return { path, write: (text) => writeOutputFile(path, text, signal) };
}
