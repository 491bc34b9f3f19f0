/** Writes docs/reference/support.md from src/support.ts. `npm run docs`; scripts/check-docs.ts checks that it was done. */
import { writeFileSync } from "node:fs";
import { FOLLOWED_RULES, NEWEST, NEWEST_BUILDKIT } from "../src/followed.ts";
import { SUPPORT } from "../src/support.ts";
import type { SupportRow, SupportState } from "../src/support-row.ts";

/** Where the page is. */
export const SUPPORT_PAGE = "docs/reference/support.md";

const STATES: readonly SupportState[] = ["full", "partial", "planned", "refused", "absent"];
const SECTIONS: readonly (readonly [string, number])[] = [
  ["The Dockerfile", 1],
  ["Checks and introspection", 50],
  ["Contexts", 61],
  ["Steps", 71],
  ["Secrets and registries", 89],
  ["Cache", 95],
  ["Outputs and platforms", 112],
  ["Attestations and policies", 132],
  ["Everything else", 140],
];

/** The page's text. */
export function supportPage(): string {
  const counts = STATES.map((state) => `${SUPPORT.filter((row) => row.state === state).length} ${state}`).join(", ");
  const sections = SECTIONS.flatMap(([title, from], index) => {
    const to = SECTIONS[index + 1]?.[1] ?? Infinity;
    const rows = SUPPORT.filter(({ id }) => Number(id.slice(1)) >= from && Number(id.slice(1)) < to);
    return [`## ${title}`, "", "| | | state | |", "|---|---|---|---|", ...rows.map(line), ""];
  });
  return `${[
    "# What is supported",
    "",
    "<!-- Made by scripts/make-support.ts of src/support.ts: change that, then npm run docs -->",
    "",
    "What BuildKit and docker buildx can do, and what `decant build` does of it. Decant never ignores what it does not support. It fails with the error",
    "[UNSUPPORTED](../errors.md#unsupported), the line of the Dockerfile and the number of a row here. A test builds an example of each.",
    "",
    "- **full**: as BuildKit does it",
    "- **partial**: Decant refuses what the note excepts, or the note says how it differs",
    "- **planned**: not supported yet; using it is an error",
    "- **refused**: using it is an error, and will remain one",
    "- **absent**: BuildKit does not have it either, and no Dockerfile or flag uses it",
    "",
    `${SUPPORT.length} rows: ${counts}.`,
    "",
    ...sections,
    ...followedSection(),
  ].join("\n")}`;
}

function followedSection(): readonly string[] {
  const rows = Object.values(FOLLOWED_RULES).map(({ since, now, before }) => {
    const version = "frontend" in since ? `Dockerfile 1.${since.frontend}` : `compatibility-version ${since.compatibility}`;
    return `| ${version} | ${cell(now)} | ${cell(before)} |`;
  });
  return [
    "## Versions that are followed",
    "",
    `Decant does what the Dockerfile frontend ${NEWEST.frontend} and the exporters of BuildKit ${NEWEST_BUILDKIT} do; \`decant version\` names both.`,
    "`# syntax=docker/dockerfile:1.N` chooses an older frontend; `--compatibility-version` 10, 20 or 30, or the build argument of that name, older exporters.",
    "",
    "| since | now | before |",
    "|---|---|---|",
    ...rows,
    "",
  ];
}

function line({ id, title, state, note, hint }: SupportRow): string {
  const notes = [note, state === "full" ? undefined : hint === undefined ? undefined : `Instead: ${hint}.`];
  const text = notes.filter((part) => part !== undefined).join(" ");
  return `| <a id="${id}"></a>${id} | ${cell(title)} | ${state === "full" ? "full" : `**${state}**`} | ${cell(text)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;").replaceAll("$", "\\$");
}

if (import.meta.main) writeFileSync(SUPPORT_PAGE, supportPage());
