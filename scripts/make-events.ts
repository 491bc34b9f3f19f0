/** Writes docs/reference/events.md from the interfaces and comments of src/events.ts. `npm run docs`; scripts/check-docs.ts checks that it was done. */
import { readFileSync, writeFileSync } from "node:fs";

/** Where the page is. */
export const EVENTS_PAGE = "docs/reference/events.md";

const INTERFACE = /(?:\/\*\* ([^\n]*?) \*\/\n)?(?:export )?interface (\w+)(?: extends EventBase)? \{\n([\s\S]*?)\n\}/g;
const FIELD = /(?:\/\*\* ([^\n]*?) \*\/\n\s*)?readonly (\w+)(\??): ([^;]*);/g;

/** The page's text. */
export function eventsPage(): string {
  const sections: string[] = [];
  for (const [, about = "", name = "", body = ""] of readFileSync("src/events.ts", "utf8").matchAll(INTERFACE)) {
    if (name === "EventBase") continue;
    const fields = [...body.matchAll(FIELD)].map(([, doc = "", field = "", optional = "", type = ""]) => ({ doc, field, optional, type }));
    const tag = fields.find(({ field }) => field === "type")?.type.replaceAll('"', "");
    sections.push(
      `## ${tag ?? name}`,
      "",
      about,
      "",
      "| field | type | |",
      "|---|---|---|",
      ...(tag === undefined ? [] : ["| at | `number` | milliseconds since 1970 |"]),
      ...fields.map(
        ({ doc, field, optional, type }) =>
          `| ${field}${optional === "" ? "" : ", may be absent"} | \`${type.replaceAll("|", "\\|")}\` | ${doc} |`,
      ),
      "",
    );
  }
  return [
    "# Events",
    "",
    "<!-- Made by scripts/make-events.ts of src/events.ts: change that, then npm run docs -->",
    "",
    "What a run tells while it works: the [library](library.md) gives these objects, `decant build --progress rawjson` prints them to standard error, one JSON",
    "object a line. There will be new types and new fields: skip what you do not know.",
    "",
    "A step (a vertex) is planned, then started or cached. A step that started ends as done, cached, failed or cancelled, also when the whole fails. Text of a step",
    "comes in pieces that need not end with a line. `reduceProgress` of the library folds events into the state of each step.",
    "",
    "```json",
    `{"type":"vertex.planned","vertex":"sha256:1f…","name":"[build 2/5] RUN npm ci","stage":"build","source":{"file":"Dockerfile","line":3,"column":1,"endLine":3},"at":1763912345678}`,
    `{"type":"vertex.started","vertex":"sha256:1f…","at":1763912345680}`,
    `{"type":"log","vertex":"sha256:1f…","stream":"stdout","data":"added 82 packages\\n","at":1763912351000}`,
    `{"type":"vertex.done","vertex":"sha256:1f…","durationMs":5400,"at":1763912351080}`,
    "```",
    "",
    ...sections,
  ].join("\n");
}

if (import.meta.main) writeFileSync(EVENTS_PAGE, eventsPage());
