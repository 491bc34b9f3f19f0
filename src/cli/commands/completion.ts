/** `decant completion`: the script that completes command lines in a shell, and the answers that it asks for. */
import { given } from "../../given.ts";
import { DecantError, usageError } from "../../errors.ts";
import { listBases, listContainers, listImages } from "../../index.ts";
import { packageFolder } from "../../package-folder.ts";
import { readNamedFile } from "../../sys/index.ts";
import { defineCommand } from "../args.ts";
import type { Command, CommandTables } from "../command.ts";
import { complete } from "../completion/complete.ts";
import type { NameKind } from "../completion/value-kinds.ts";
import type { CliContext } from "../context.ts";
import { storeOptions } from "../store-options.ts";

/** The files of completions/, by shell. */
const SCRIPTS: Readonly<Record<string, string>> = { bash: "decant.bash", zsh: "_decant", fish: "decant.fish" };
const MAX_SCRIPT_BYTES = 100_000;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "completion",
    usage: "SHELL",
    summary: "Print the script that completes command lines in bash, zsh or fish",
    notes: `To have it in every new shell:
  bash: decant completion bash > ~/.local/share/bash-completion/completions/decant
  zsh:  decant completion zsh > FOLDER/_decant, where FOLDER is one of $fpath
  fish: decant completion fish > ~/.config/fish/completions/decant.fish

Without bash-completion, write in ~/.bashrc: source <(decant completion bash)

The scripts ask Decant for each word, so they know the options of the installed version and the images of the store.`,
    options: {
      answer: { type: "boolean", help: "Print what completes the last of the words behind --, as the scripts ask for it" },
    },
    words: { min: 1, max: Infinity },
  },
  async (values, words, context, tables) => {
    const text = values.answer === true ? await answer(words, context, tables) : await script(words);
    await context.stdout.write(text);
    return 0;
  },
);

async function script([shell = "", ...more]: readonly string[]): Promise<string> {
  const file = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (file === undefined || more.length > 0)
    throw usageError(`Cannot complete in "${[shell, ...more].join(" ")}": wanted bash, zsh or fish`, "See: decant completion --help");
  const path = `completions/${file}`;
  const root = packageFolder(path);
  const read =
    root === undefined ? { problem: "it is missing" } : await readNamedFile({ path, within: root }, { maxBytes: MAX_SCRIPT_BYTES });
  if ("problem" in read)
    throw new DecantError("NOT_FOUND", `Cannot read ${path} of this installation: ${read.problem}`, { hint: "Install Decant again" });
  return read.bytes.toString("utf8");
}

/** One line that says whether paths fit, then a line for each word: the word, a tab, what it means. */
async function answer(words: readonly string[], context: CliContext, tables: CommandTables): Promise<string> {
  const { paths, candidates } = await complete(words, tables, (kind, root) => namesOf(kind, { ...context, ...given({ root }) }));
  return [paths, ...candidates.map(({ word, help }) => (help === undefined ? word : `${word}\t${help}`)), ""].join("\n");
}

/** Names as people type them. None where the store cannot be read: a shell must not show errors at the cursor. */
async function namesOf(kind: NameKind, { root, ...context }: CliContext & { readonly root?: string }): Promise<string[]> {
  const options = storeOptions(given({ root }), context);
  try {
    switch (kind) {
      case "images":
        return (await listImages(options)).flatMap(({ name }) => name?.replace(/^docker\.io\/(?:library\/)?/, "") ?? []);
      case "containers":
        return (await listContainers(options)).map(({ id }) => id.slice(0, 12));
      case "bases":
        return (await listBases()).map(({ name }) => name);
      default:
        return kind satisfies never;
    }
  } catch (error) {
    if (error instanceof DecantError) return [];
    throw error;
  }
}
