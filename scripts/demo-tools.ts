/** What the parts of the demo share: the bundled command, and words on the terminal. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { styleText } from "node:util";

/** The project's folder. */
export const ROOT: string = resolve(import.meta.dirname, "..");
/** The command as it is published. */
export const DECANT: string = join(ROOT, "bin/decant");

/** Where a demo works. */
export interface DemoEnvironment {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Prints the heading of a part. */
export function heading(number: number, text: string): void {
  console.log(`\n${styleText("bold", `${number} ${text}`)}`);
}

/** Less important text. */
export function dim(text: string): string {
  return styleText("dim", text);
}

/** Runs decant with the terminal, after printing the command; or with `capture` in silence, and gives its output. Throws when it fails. */
export function runDecant(demo: DemoEnvironment, args: readonly string[], options: { readonly capture?: boolean } = {}): string {
  const { capture = false } = options;
  if (!capture) console.log(`${styleText("cyan", "$")} decant ${args.map(quoted).join(" ")}`);
  const done = spawnSync(DECANT, args, {
    env: demo.env,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
  });
  if (done.status !== 0) throw new Error(`decant ${args[0] ?? ""} failed${capture ? `: ${done.stderr.trim()}` : ""}`);
  return done.stdout ?? "";
}

function quoted(word: string): string {
  const { HOME } = process.env;
  if (HOME !== undefined && word.startsWith(`${HOME}/`)) return `~${word.slice(HOME.length)}`;
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
