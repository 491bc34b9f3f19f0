/** "Name <mail>" as maintainer fields have it. Pure; linear in what a stranger wrote. */

/** A person or team. */
interface Person {
  readonly name: string;
  readonly mail?: string;
}

const MAX_CHARS = 500;

/** Undefined for text without a name. */
export function personOf(text: string | undefined): Person | undefined {
  const line = (text ?? "").slice(0, MAX_CHARS).split("\n", 1)[0] ?? "";
  const open = line.indexOf("<");
  const close = line.indexOf(">", open);
  const name = (open < 0 ? line : line.slice(0, open)).replaceAll(/["<>]/g, "").trim();
  const mail = open < 0 || close < 0 ? "" : line.slice(open + 1, close).trim();
  if (name === "") return undefined;
  return { name, ...(mail === "" || /\s/.test(mail) ? {} : { mail }) };
}
