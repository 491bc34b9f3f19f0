/** Texts for people: hostile ones made visible, sizes, times, counts. Pure. */

/** Directions, joiners, tags, fillers and C1 controls: nobody sees them, and some change how the text around them looks. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\u0080-\u009f\u115f\u1160\u3164\uffa0\ufffe\uffff]|\u034f|\u17b4|\u17b5/gu;

/** Controls are shown as pictures (␛), other characters that nobody sees by their number (⟨U+202E⟩). Line ends and tabs stay where `keepLines` is set. */
export function visible(text: string, keepLines = false): string {
  return (
    text
      .replace(INVISIBLE, (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`)
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u001f\u007f]/g, (character) => {
        if (keepLines && (character === "\n" || character === "\t")) return character;
        return character === "\u007f" ? "␡" : String.fromCharCode(0x2400 + character.charCodeAt(0));
      })
  );
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "12.3 MB": decimal, as the command prints sizes. */
export function size(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${bytes < 0 ? "−" : ""}${value.toFixed(digits)} ${UNITS[unit] ?? "TB"}`;
}

/** "350 ms", "4.2 s", "2 min 03 s". */
export function duration(ms: number): string {
  const value = Math.abs(ms);
  const sign = ms < 0 ? "−" : "";
  if (value < 1000) return `${sign}${Math.round(value)} ms`;
  if (value < 59_950) return `${sign}${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${sign}${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${sign}${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** "1,234". */
export function number(value: number): string {
  return value.toLocaleString("en-US").replace("-", "−");
}

/** "1 file", "1,234 files". */
export function count(value: number, word: string, plural = `${word}s`): string {
  return `${number(value)} ${value === 1 ? word : plural}`;
}

/** "12 %", "< 1 %". */
export function share(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  const percent = (part / whole) * 100;
  return percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}

/** With its sign: "+1.2 MB", "±0". */
export function change(value: number, format: (value: number) => string): string {
  return value === 0 ? "±0" : value > 0 ? `+${format(value)}` : format(value);
}

/** "2026-11-30 11:45:02 UTC". */
export function moment(ms: number): string {
  return Number.isFinite(ms) ? `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC` : "";
}
