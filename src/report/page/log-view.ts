/** The output of a step, with its colours. Long ones come in pieces, which the browser lays out when they are seen. */
import { createAnsi, type Run } from "./ansi.ts";
import { h, lines } from "./dom.ts";
import { count } from "./text.ts";

const PIECE = 500;

/** The view of one log. */
export function logView(log: string, name: string): HTMLElement {
  const rows = log.endsWith("\n") ? log.slice(0, -1).split("\n") : log.split("\n");
  const ansi = createAnsi();
  const box = h("pre", { class: "log", tabindex: 0, role: "region", "aria-label": `Output of ${name}` });
  const add = (from: number): void => {
    const piece = h("div", { class: "piece" });
    for (const row of rows.slice(from, from + PIECE)) {
      for (const run of ansi(row)) piece.append(spanOf(run));
      piece.append(lines("\n"));
    }
    box.append(piece);
    if (from + PIECE < rows.length) setTimeout(() => add(from + PIECE));
  };
  add(0);
  return h("div", {}, h("p", { class: "muted small" }, count(rows.length, "line")), box);
}

function spanOf({ text, looks }: Run): Node {
  return looks.length === 0 ? lines(text) : h("span", { class: looks.map((look) => `t-${look}`).join(" ") }, lines(text));
}
