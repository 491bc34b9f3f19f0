/** Completion where people have it: keys typed into bash, zsh and fish at a terminal, and the words that the shell then starts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { build } from "../../src/index.ts";
import { DECANT } from "../support/command.ts";

const COMPLETIONS = resolve("completions");

/** What is typed before the TAB key, and the words that it becomes. */
const ROWS: readonly { readonly typed: string; readonly want: string }[] = [
  { typed: "decant buil", want: "build" },
  { typed: "decant base ver", want: "base|verify" },
  { typed: "decant build --no-cache-f", want: "build|--no-cache-filter" },
  { typed: "decant build --progress pl", want: "build|--progress|plain" },
  { typed: "decant build --progress=pl", want: "build|--progress=plain" },
  { typed: "decant build -f Docker", want: "build|-f|Dockerfile" },
  { typed: "decant build --file=Docker", want: "build|--file=Dockerfile" },
  { typed: "decant build proj", want: "build|project" },
  { typed: "decant import with", want: "import|with space.tar" },
  { typed: "decant run we", want: "run|web:dev" },
  { typed: "decant run -e A=1 we", want: "run|-e|A=1|web:dev" },
  { typed: "decant push localhost:5000/te", want: "push|localhost:5000/team/app:v1" },
  { typed: "decant rmi web:d", want: "rmi|web:dev" },
  { typed: "decant base show static-debian1", want: "base|show|static-debian1" },
  { typed: "decant frobnicate x", want: "frobnicate|x" },
];

/** How each shell is started, and where it finds the completion of `decant`. */
const SHELLS: Readonly<Record<string, { readonly start: string; readonly file: string; readonly text: string }>> = {
  bash: { start: "bash --rcfile bashrc -i", file: "bashrc", text: `source ${COMPLETIONS}/decant.bash\n` },
  zsh: { start: "zsh -i", file: ".zshrc", text: `bindkey -e; fpath=(${COMPLETIONS} $fpath); autoload -Uz compinit; compinit -D -u\n` },
  fish: { start: "fish -i", file: "fish/completions/decant.fish", text: `source ${COMPLETIONS}/decant.fish\n` },
};

describe("completion", () => {
  for (const [shell, { start, file, text }] of Object.entries(SHELLS))
    it(`U11: ${shell} completes commands, options, values, files and names of images`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-completion-"));
      const work = join(folder.path, "work");
      const root = join(folder.path, "store");
      await mkdir(join(work, "project"), { recursive: true });
      // Where this is missing, fish starts a process that reads all manual pages, and outlives it.
      await mkdir(join(folder.path, ".local/share/fish/generated_completions"), { recursive: true });
      await mkdir(dirname(join(folder.path, file)), { recursive: true });
      await writeFile(join(folder.path, file), text);
      await writeFile(join(work, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
      await writeFile(join(work, "with space.tar"), "");
      await using run = build({ context: work, root, tags: ["web:dev", "localhost:5000/team/app:v1"], env: {} });
      await run.result;

      // At the end of the line, " END"; at its beginning, what prints the words; then Enter.
      const keys = ROWS.map(({ typed }) => `${typed}\t\u0005 END\u0001printf "<%s>" \r`).join("");
      const shown = await type(start.replace("bashrc", join(folder.path, "bashrc")), `${keys}exit\r`, {
        cwd: work,
        env: {
          PATH: `${dirname(DECANT)}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
          HOME: folder.path,
          ZDOTDIR: folder.path,
          XDG_CONFIG_HOME: folder.path,
          DECANT_ROOT: root,
          TERM: "xterm",
          LANG: "C.UTF-8",
        },
      });
      const lines = [...shown.matchAll(/<decant>.*?<END>/g)].map(([line]) => line.slice("<decant><".length, -"><END>".length).split("><"));
      // fish marks a folder by a slash at its end.
      assert.deepEqual(
        lines.map((words) => words.join("|").replace(/\/$/, "")),
        ROWS.map(({ want }) => want),
        shown,
      );
    });
});

/** Types keys into a shell at a terminal of its own; gives all that it shows. */
async function type(start: string, keys: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<string> {
  const child = spawn("script", ["-qec", start, "/dev/null"], { ...options, stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.write(keys);
  // Input stays open: at its end the terminal would hang up before the shell has read it.
  await once(child, "close");
  return shown;
}
