/** The file that a heredoc becomes: its delimiter is the name (rules S107, S109). */
import type { SourceRange } from "../../source.ts";
import type { FileAction } from "../ops.ts";
import { semanticError } from "./errors.ts";

/** A heredoc as a file in an empty tree. Throws `DOCKERFILE_SEMANTIC` for a delimiter that no file can have as its name. */
export function inlineFile(heredoc: {
  readonly name: string;
  readonly mode: number;
  readonly data: string;
  readonly range: SourceRange | undefined;
}): FileAction {
  const { name, mode, data, range } = heredoc;
  if (name.includes("/") || name === "." || name === "..") {
    throw semanticError(
      `Cannot make a file of the heredoc "${name}": its delimiter is the file's name, which has no / and is neither . nor ..`,
      range,
      "Take a word such as EOF",
    );
  }
  return { kind: "mkfile", path: `/${name}`, mode, data };
}
