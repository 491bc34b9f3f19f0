/** Writes docs/reference/environment.md from src/environment.ts. `npm run docs`; scripts/check-docs.ts checks that it was done. */
import { writeFileSync } from "node:fs";
import { VARIABLES, type VariableRow } from "../src/environment.ts";

/** Where the page is. */
export const ENVIRONMENT_PAGE = "docs/reference/environment.md";

/** The page's text. */
export function environmentPage(): string {
  return `${[
    "# Environment variables",
    "",
    "<!-- Made by scripts/make-environment.ts of src/environment.ts: change that, then npm run docs -->",
    "",
    "What docker, buildx, buildah and podman read from the environment, and what Decant does with it.",
    "",
    "- **used**: it means here what it means there, or what the note says",
    "- **warned**: it would give another result there; a build warns that it is not used",
    "- **refused**: an error, because ignoring it would not be safe",
    "- **other**: Decant has nothing that it could change",
    "",
    "| variable | read by | here | |",
    "|---|---|---|---|",
    ...VARIABLES.map(line),
    "",
  ].join("\n")}`;
}

function line({ name, of, state, note }: VariableRow): string {
  const names = name
    .split(", ")
    .map((one) => `\`${one}\``)
    .join(", ");
  return `| ${names} | ${of} | ${state === "used" ? "used" : `**${state}**`} | ${note} |`;
}

if (import.meta.main) writeFileSync(ENVIRONMENT_PAGE, environmentPage());
