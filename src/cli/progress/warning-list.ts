/** Warnings, kept until a build ends and then shown with their lines of the file, as docker buildx does. */
import type { WarningEvent } from "../../events.ts";
import { safeLine } from "../style.ts";
import { formatWarning } from "./format-event.ts";

/** More are counted, not shown. */
const MAX_SHOWN = 50;

/** Collects warnings; what was said before is not said again. */
interface WarningList {
  add(event: WarningEvent): void;
  /** The lines to show, none without a warning. */
  lines(): string[];
}

/** An empty list. */
export function createWarningList(): WarningList {
  const warnings = new Map<string, WarningEvent>();
  return {
    add: (event) => void warnings.set(formatWarning(event).join("\n"), event),
    lines: () => {
      if (warnings.size === 0) return [];
      const shown = [...warnings].slice(0, MAX_SHOWN);
      const hidden = warnings.size - shown.length;
      return [
        "",
        `${warnings.size === 1 ? "1 warning" : `${warnings.size} warnings`} found:`,
        ...shown.flatMap(([text, { excerpt }]) => [...` - ${text.replaceAll("\n", "\n   ")}`.split("\n"), ...excerptLines(excerpt)]),
        ...(hidden > 0 ? [` - and ${hidden} more: see decant build --check`] : []),
      ];
    },
  };
}

/** Only the lines that are marked: the place is in the warning itself. */
function excerptLines(excerpt: string | undefined): string[] {
  const lines = (excerpt ?? "").split("\n").slice(1);
  return lines.filter((line) => line.startsWith(">") || /^ +\| [ \t]*\^+$/.test(line)).map((line) => `     ${safeLine(line)}`);
}
