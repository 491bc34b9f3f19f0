/** Logs as runs of text with the colours that programs gave them. Only colours and weights are taken from escape sequences; the rest of them goes. Pure. */

/** Text with one look. */
export interface Run {
  readonly text: string;
  /** "bold", "dim", "italic", "underline", "red" … */
  readonly looks: readonly string[];
}

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const WEIGHTS: Readonly<Record<number, string>> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };
/** CSI sequences, OSC and other strings, and short escapes. */
// oxlint-disable-next-line no-control-regex
const ESCAPE = /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\u001b[ -/]*[0-~]/g;

/** Runs of one line after the other; what a line leaves switched on goes on in the next. */
export function createAnsi(): (line: string) => Run[] {
  const on = new Set<string>();
  return (line) => {
    const text = shown(line);
    const runs: Run[] = [];
    let from = 0;
    const take = (to: number): void => {
      if (to > from) runs.push({ text: text.slice(from, to), looks: [...on] });
    };
    for (const match of text.matchAll(ESCAPE)) {
      take(match.index);
      from = match.index + match[0].length;
      if (match[2] === "m") switchLooks(on, match[1] ?? "");
    }
    take(text.length);
    return runs;
  };
}

/** What stays on the screen of a line that returns to its start. */
function shown(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

function switchLooks(on: Set<string>, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    const weight = WEIGHTS[code];
    if (code === 0) on.clear();
    else if (weight !== undefined) on.add(weight);
    else if (code === 22) for (const one of ["bold", "dim"]) on.delete(one);
    else if (code === 23) on.delete("italic");
    else if (code === 24) on.delete("underline");
    else if (code === 39) setColour(on, undefined);
    else if (code >= 30 && code <= 37) setColour(on, COLOURS[code - 30]);
    else if (code >= 90 && code <= 97) setColour(on, COLOURS[code - 90]);
    else if (code === 38 || code === 48) {
      const isByNumber = codes[at + 1] === 5;
      if (code === 38) setColour(on, isByNumber ? ofPalette(codes[at + 2] ?? 0) : nearest(codes.slice(at + 2, at + 5)));
      at += isByNumber ? 2 : 4;
    }
  }
}

function setColour(on: Set<string>, colour: string | undefined): void {
  for (const one of COLOURS) on.delete(one);
  if (colour !== undefined) on.add(colour);
}

/** Of 256 colours: the 16 of the terminal, a cube of 6 × 6 × 6, and greys. */
function ofPalette(index: number): string | undefined {
  if (index < 16) return COLOURS[index % 8];
  if (index >= 232) return undefined;
  const cube = index - 16;
  return nearest([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((part) => part * 51));
}

/** One of the eight that the page has in a tone that can be read in the light and in the dark. */
function nearest(parts: readonly number[]): string | undefined {
  const [red = 0, green = 0, blue = 0] = parts;
  const top = Math.max(red, green, blue);
  if (top - Math.min(red, green, blue) < 32) return undefined;
  const bit = (value: number, place: number): number => (value > top * 0.6 ? place : 0);
  return COLOURS[bit(red, 1) + bit(green, 2) + bit(blue, 4)];
}
