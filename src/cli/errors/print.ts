/** Writes an error to standard error, once. */
import type { OutputStream } from "../context.ts";
import { createStyle } from "../style.ts";
import { formatError } from "./format.ts";

/** Prints `error` as `formatError` draws it. */
export async function printError(error: unknown, stderr: OutputStream): Promise<void> {
  const columns = stderr.isTerminal ? stderr.size().columns : undefined;
  await stderr.write(`${formatError(error, createStyle(stderr.color), columns).join("\n")}\n`);
}
