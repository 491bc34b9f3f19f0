/** The first line of a script as Linux reads it (fs/binfmt_script.c): 256 bytes, one interpreter, at most one argument. */
import { fromBytes } from "../paths.ts";

/** As many bytes of a file as Linux looks at to know what it is. */
export const HEAD_BYTES = 256;

/** What the line says. */
type ScriptLine =
  | { readonly kind: "none" }
  | { readonly kind: "script"; readonly interpreter: string; readonly argument?: string }
  /** Linux refuses it: the end of a sentence says why. */
  | { readonly kind: "unusable"; readonly why: string };

/** Reads the head of a file: its first `HEAD_BYTES`, or all of a shorter one. */
export function parseScriptLine(head: Uint8Array): ScriptLine {
  const text = fromBytes(head.subarray(0, HEAD_BYTES));
  if (!text.startsWith("#!")) return { kind: "none" };
  const newline = text.indexOf("\n");
  const whole = newline >= 0 || text.length < HEAD_BYTES;
  // Where the line does not end, the last byte is taken for its end.
  const line = text.slice(2, newline >= 0 ? newline : HEAD_BYTES - 1).replace(/^[ \t]+/, "");
  const end = line.search(/[ \t\0]/);
  if (line.trim() === "") return { kind: "unusable", why: "it names no interpreter" };
  // An argument may be cut off, the interpreter's path may not.
  if (!whole && end < 0) return { kind: "unusable", why: `the path of its interpreter does not end within the first ${HEAD_BYTES} bytes` };
  const interpreter = end < 0 ? line : line.slice(0, end);
  const argument = end < 0 ? "" : line.slice(end).replace(/^[ \t]+|[ \t]+$/g, "");
  return { kind: "script", interpreter, ...(argument === "" ? {} : { argument }) };
}

/** What `env` starts when it is an interpreter with this argument: without -S all of it is one name. */
export function envCommand(argument: string | undefined): readonly string[] {
  if (argument === undefined) return [];
  const split = /^(?:-S|--split-string(?:=|\s))\s*(.*)$/.exec(argument)?.[1];
  const words = split === undefined ? [argument] : split.split(/[ \t]+/).filter((word) => word !== "");
  const first = words.findIndex((word) => !word.startsWith("-") && !word.includes("="));
  return first < 0 ? [] : words.slice(first);
}
