/**
 * Examples of the documents, taken at their word. Every `decant …` line of a shell block must be a command line that Decant accepts. A block
 * below `<!-- run: SETUP -->` is also run, in a new folder that the shell commands of SETUP fill: by `npm run check:docs`, or with
 * `<!-- run e2e: SETUP -->` by `npm run test:e2e`. With `as FILE`, the block is written to a file, and SETUP uses it.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parseCommandLine } from "../src/cli/args.ts";
import type { CommandSpec } from "../src/cli/command.ts";
import { ALIASES } from "../src/cli/commands.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** A block of code of a document. */
export interface DocExample {
  /** Where it is: FILE:LINE. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** Absent: it is not run. */
  readonly run?: { readonly when: "check" | "e2e"; readonly fileName: string | undefined; readonly setup: string };
}

/** The blocks of a document. */
export function docExamples(file: string): DocExample[] {
  const markdown = readFileSync(join(ROOT, file), "utf8");
  const blocks = markdown.matchAll(
    /(?:^<!-- run(?<e2e> e2e)?(?: as (?<name>\S+))?:(?<setup>[\s\S]*?)-->\n+)?^```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm,
  );
  return [...blocks].map(({ index, groups = {} }) => ({
    place: `${file}:${markdown.slice(0, index).split("\n").length}`,
    language: groups["language"] ?? "",
    text: groups["text"] ?? "",
    ...(groups["setup"] === undefined
      ? {}
      : { run: { when: groups["e2e"] === undefined ? "check" : "e2e", fileName: groups["name"], setup: groups["setup"] } as const }),
  }));
}

/** What is wrong with the `decant` command lines of these blocks. */
export function commandProblems(examples: readonly DocExample[], specs: readonly CommandSpec[]): string[] {
  return examples
    .filter(({ language }) => language === "sh" || language === "bash")
    .flatMap((example) => commandLines(example).flatMap((args) => commandProblem(example, args, specs)));
}

/** Runs an example; gives what went wrong, or nothing. */
export async function runExample({ place, language, text, run }: DocExample): Promise<string | undefined> {
  if (run === undefined) return undefined;
  using folder = mkdtempDisposableSync(join(tmpdir(), "decant-doc-"));
  const project = join(folder.path, "project");
  const script = ["set -euo pipefail", `mkdir ${project}`, `cd ${project}`];
  // The block first where SETUP uses it, else SETUP first.
  if (run.fileName !== undefined) script.push(`cat ${join(folder.path, "block")} > ${run.fileName}`, run.setup);
  else script.push(run.setup, ...bodyOf(language, text, folder.path));
  writeFileSync(join(folder.path, "block"), text);
  const env = {
    ...process.env,
    ROOT,
    DECANT_ROOT: join(folder.path, "store"),
    PATH: [join(ROOT, "bin"), process.env["PATH"]].join(delimiter),
  };
  const { exitCode, output } = await bash(script.join("\n"), env);
  const expected = language === "text" ? text.replace(/^\$ .*\n/, "") : undefined;
  if (expected !== undefined) return output === expected ? undefined : `${place}: the example prints\n${output}`;
  return exitCode === 0 ? undefined : `${place}: the example fails with exit code ${exitCode}:\n${output}`;
}

/** The commands that a block stands for. */
function bodyOf(language: string, text: string, folder: string): string[] {
  if (language === "text") return [`${/^\$ (.*)\n/.exec(text)?.[1] ?? "false"} || true`];
  if (language !== "ts") return [text];
  writeFileSync(join(folder, "example.ts"), text.replaceAll('from "decant"', `from "${join(ROOT, "src/index.ts")}"`));
  return [`"${process.execPath}" ${join(folder, "example.ts")}`];
}

function bash(script: string, env: NodeJS.ProcessEnv): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const { promise, resolve: done, reject } = Promise.withResolvers<{ readonly exitCode: number | null; readonly output: string }>();
  const child = spawn("bash", ["-c", script], { env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("error", reject);
  child.on("close", (exitCode) => done({ exitCode, output: Buffer.concat(chunks).toString() }));
  return promise;
}

/** The arguments of each `decant` of a block, as bash cuts them. */
function commandLines({ text }: DocExample): string[][] {
  const lines = text.replace(/\\\n/g, " ").split("\n");
  const commands = lines.flatMap((line) => /(?:^|\| |&& |sudo )decant (.*)$/.exec(line)?.[1] ?? []);
  if (commands.length === 0) return [];
  const script = [
    'decant() { printf "%s\\0" "$@"; printf "\\n"; }',
    ...commands.map((words) => `decant ${words.split(/ [|>&] ?| > /)[0] ?? ""}`),
  ];
  const { stdout } = spawnSync("bash", ["-c", script.join("\n")], { encoding: "utf8" });
  return stdout.split("\0\n").flatMap((line) => (line === "" ? [] : [line.split("\0")]));
}

function commandProblem({ place }: DocExample, args: readonly string[], specs: readonly CommandSpec[]): string[] {
  const [first = "", second = ""] = args;
  const named = (name: string): CommandSpec | undefined => specs.find((spec) => spec.name === (ALIASES[name] ?? name));
  const pair = named(`${first} ${second}`);
  const spec = pair ?? named(first);
  if (spec === undefined) return [`${place}: Decant has no command "${first}"`];
  try {
    parseCommandLine(spec, args.slice(pair === undefined ? 1 : 2));
    return [];
  } catch (error) {
    return [`${place}: decant ${args.join(" ")}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
