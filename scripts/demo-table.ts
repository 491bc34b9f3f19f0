/** The table at the end of the demo. */
import { styleText } from "node:util";
import { formatSize } from "../src/bytes.ts";
import type { ImageDetails } from "../src/index.ts";

interface Row {
  readonly variant: string;
  readonly details: ImageDetails;
}

type Cell = readonly [text: string, align?: "left" | "right", color?: "green" | "yellow"];

const HEADS = ["image", "compressed", "smaller", "unpacked", "smaller", "layers", "files", "shell", "package manager", "runs as"] as const;
const NUMBERS = 7;

/** Of an image whose layers are at a registry. */
const NOTHING: NonNullable<ImageDetails["contents"]> = { unpackedBytes: 0, files: 0, shells: [], packageManagers: [] };

/** The images side by side; ratios are to the first. */
export function comparison(images: readonly Row[]): string {
  const [first] = images;
  if (first === undefined) return "";
  const rows: (readonly Cell[])[] = [HEADS.map((head, at) => (at > 0 && at < NUMBERS ? ([head, "right"] as const) : ([head] as const)))];
  for (const { variant, details } of images) {
    const { contents = NOTHING, layers } = details;
    const { contents: firstContents = NOTHING } = first.details;
    rows.push([
      [variant],
      [formatSize(contents.compressedBytes ?? 0), "right"],
      [ratio(firstContents.compressedBytes ?? 0, contents.compressedBytes ?? 0), "right", "green"],
      [formatSize(contents.unpackedBytes), "right"],
      [ratio(firstContents.unpackedBytes, contents.unpackedBytes), "right", "green"],
      [String(layers.length), "right"],
      [contents.files.toLocaleString("en-US"), "right"],
      found(contents.shells),
      found(contents.packageManagers),
      [userOf(details.config)],
    ]);
  }
  const widths = HEADS.map((_, at) => Math.max(...rows.map((row) => row[at]?.[0].length ?? 0)));
  const line = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  const text = rows.map((row) => `│${row.map((cell, at) => ` ${paint(cell, widths[at] ?? 0)} `).join("│")}│`);
  return `${[line("┌", "┬", "┐"), text[0], line("├", "┼", "┤"), ...text.slice(1), line("└", "┴", "┘")].join("\n")}\n`;
}

function ratio(first: number, own: number): string {
  if (own === 0) return "";
  return first === own ? "" : `${(first / own).toFixed(1)} ×`;
}

function found(names: readonly string[]): Cell {
  if (names.length === 0) return ["none", "left", "green"];
  const short = [...new Set(names.map((name) => name.slice(name.lastIndexOf("/") + 1)))];
  return [`${short[0] ?? ""}${short.length > 1 ? ` +${short.length - 1}` : ""}`, "left", "yellow"];
}

function userOf(config: unknown): string {
  const inner = property(config, "config");
  const user = property(inner, "User");
  return typeof user === "string" && !["", "0", "0:0", "root:root"].includes(user) ? user : "root";
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function paint([text, align, color]: Cell, width: number): string {
  const padded = align === "right" ? text.padStart(width) : text.padEnd(width);
  return color === undefined ? padded : styleText(color, padded);
}
