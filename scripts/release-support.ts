/** What the steps of a release share. */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The folder of the repository. */
export const ROOT: string = resolve(import.meta.dirname, "..");

/** Shows a command and runs it. Throws unless it ends with 0. */
export function run(argv: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): void {
  const [program = "", ...args] = argv;
  console.log(`$ ${argv.join(" ")}`);
  const { status, error } = spawnSync(program, args, { stdio: "inherit", ...options });
  if (status !== 0) throw new Error(`Cannot release: ${program} ${error?.message ?? `ends with ${status}`}`);
}

/** Seconds: SOURCE_DATE_EPOCH, else the time of the last commit. */
export function releaseEpoch(): string {
  const text = process.env["SOURCE_DATE_EPOCH"] || spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" }).stdout;
  if (!/^\d+\s*$/.test(text)) throw new Error("Cannot release: there is no commit to take the time of; set SOURCE_DATE_EPOCH");
  return text.trim();
}

/** In hexadecimal. */
export function sha256Of(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
