/** Agreement by kind, as a table. */
import type { Case } from "./types.ts";

/** Does it die, and the audit says nothing at all? */
export function isSilent({ outcome, verdict }: Case): boolean {
  return !outcome.runs && verdict.worst === "nothing";
}

/** One line a kind. A warning is right where only running the program tells. */
export function reportOf(cases: readonly Case[]): string {
  const rows = [...Map.groupBy(cases, ({ program }) => program.kind)].map(([kind, of]) => {
    const count = (runs: boolean, worst: Case["verdict"]["worst"]): number =>
      of.filter(({ outcome, verdict }) => outcome.runs === runs && verdict.worst === worst).length;
    const programs = new Set(of.map(({ program }) => program.name)).size;
    return [
      `${kind}: ${of.length} images of ${programs} programs`,
      `    dies: ${count(false, "error")} errors, ${count(false, "warning")} warnings, ${count(false, "nothing")} false "will run"`,
      `    runs: ${count(true, "error")} false errors, ${count(true, "warning")} warnings, ${count(true, "nothing")} nothing found`,
    ].join("\n");
  });
  return rows.join("\n");
}
