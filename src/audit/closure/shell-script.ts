/** What a shell script or command line starts at its end, where that is known without running it. */

/** A command line that any shell takes for words, one space between them. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./ -]+$/;
const BUILT_IN: ReadonlySet<string> = new Set(
  (
    ". : alias bg break cd continue echo eval exit export false fg getopts hash jobs kill printf pwd read readonly return set shift test times trap " +
    "true type ulimit umask unalias unset wait command local source if for while until case fi done esac"
  ).split(" "),
);
/** After these, names and relative paths mean something else, or the end is not reached. */
const UNCLEAR = /^[ \t]*(?:export PATH|PATH=|set --|shift|exec [^12<>&]|exit|return)(?:\b|=)/m;

/** The words of a command line that starts one program; undefined for anything that only a shell can tell. */
export function plainWords(line: string): readonly string[] | undefined {
  if (!PLAIN.test(line)) return undefined;
  const words = line.split(/ +/).filter((word) => word !== "");
  const start = words[0] === "exec" ? 1 : 0;
  const first = words[start];
  return first === undefined || first.includes("=") || BUILT_IN.has(first) ? undefined : words.slice(start);
}

/** What the last line of a script executes. */
type ScriptEnd =
  /** The script's own arguments. */
  | { readonly kind: "arguments" }
  /** A program by plain words. */
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** Something in another directory: relative paths lead who knows where. */
  | { readonly kind: "elsewhere" };

/** Reads the text of a script; undefined when its end does not tell. */
export function scriptEnd(text: string): ScriptEnd | undefined {
  if (/^[ \t]*(?:cd|pushd)\b/m.test(text)) return { kind: "elsewhere" };
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  const last = lines.pop();
  if (last === undefined) return undefined;
  if (/^exec (?:"\$@"|\$@|"\$\{@\}")\s*$/.test(last)) return { kind: "arguments" };
  const words = last.startsWith("exec ") && !UNCLEAR.test(lines.join("\n")) ? plainWords(last.trimEnd()) : undefined;
  return words === undefined ? undefined : { kind: "words", words };
}
