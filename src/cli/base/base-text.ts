/** Bases as text for people. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import type { BaseDetails, BaseDifference, BaseSummary, LockBaseResult } from "../../index.ts";
import { fit, safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

const LAYER_COLUMNS = 72;
const SHOWN_COMMANDS = 3;
const COMMAND_COLUMNS = 60;

/** `decant base list`. */
export function listText(bases: readonly BaseSummary[], now: Date): string {
  const rows = bases.map(({ name, suite, architectures, variants, description, support }) => [
    name,
    suite,
    architectures.join(" "),
    variants.join(" "),
    support === undefined ? "" : isOver(support.until, now) ? `ended ${support.until}` : support.until,
    description ?? "",
  ]);
  return formatTable([["NAME", "SUITE", "ARCHITECTURES", "VARIANTS", "SUPPORTED UNTIL", ""], ...rows]);
}

function isOver(until: string, now: Date): boolean {
  return until < now.toISOString().slice(0, 10);
}

/** `decant base show`. */
export function detailsText(details: BaseDetails, now: Date): string {
  const { packages, layers, node } = details;
  const facts = formatTable([
    ["Recipe", details.variant === undefined ? details.recipe : `${details.recipe}:${details.variant}`],
    ...(details.description === undefined ? [] : [["", details.description]]),
    ["Platform", details.platform],
    ["Debian", details.suite],
    ["Lock", details.lockFile ?? "none: the newest packages"],
    ...titled(
      "Releases",
      details.releases.flatMap(({ suite, date, signers }) => [
        `${suite} of ${date.slice(0, 16).replace("T", " ")}, signed by`,
        ...signers.map(({ userId }) => `  ${safeLine(userId.replace(/ <[^>]*>$/, ""))}`),
      ]),
    ),
    ...titled(
      "Supported",
      details.support.map(({ of, until }) => safeLine(`${of}: ${isOver(until, now) ? "ended" : "until"} ${until}`)),
    ),
    ...(node === undefined ? [] : [["Node.js", `${node.version} (${node.name}, signature ${node.signature})`]]),
    ["Size", `${formatSize(layers.reduce((sum, layer) => sum + layer.unpackedBytes, 0))} in ${layers.length} layers`],
    ...Object.entries(Object(details.config)).flatMap(([name, value]) =>
      name === "Env" && Array.isArray(value)
        ? titled(name, value.map(String).map(safeLine))
        : [[name, safeLine(typeof value === "string" ? value : JSON.stringify(value))]],
    ),
  ]);
  const packageRows = packages.map((one) => [
    one.name,
    one.version,
    one.architecture,
    formatSize(one.size),
    one.part === true ? "in part" : "",
  ]);
  const layerRows = layers.map((layer, at) => [
    String(at + 1),
    shortDigest(layer.diffId),
    formatSize(layer.unpackedBytes),
    String(layer.files),
    layerWords(layer.createdBy, packages),
  ]);
  const scripts = details.scripts
    ?.toSorted((a, b) => Number(b.done === "needed") - Number(a.done === "needed"))
    .map((one) => [one.package, one.script, one.effect, one.done, safeLine(effectWords(one))]);
  return [
    facts,
    formatTable([["PACKAGE", "VERSION", "ARCHITECTURE", "DOWNLOAD", ""], ...packageRows], [3]),
    formatTable([["LAYER", "DIGEST", "SIZE", "FILES", "WHAT"], ...layerRows], [2, 3]),
    ...(scripts === undefined ? [] : [formatTable([["PACKAGE", "SCRIPT", "EFFECT", "", "WHAT"], ...scripts])]),
  ].join("\n");
}

/** Why, and the commands of what the base is without. */
function effectWords({ text, done, commands }: NonNullable<BaseDetails["scripts"]>[number]): string {
  if (done === "native" || done === "not needed" || commands.length === 0) return text;
  const more = commands.length > SHOWN_COMMANDS ? `; and ${commands.length - SHOWN_COMMANDS} more` : "";
  const shown = commands.slice(0, SHOWN_COMMANDS).map((command) => fit(command, COMMAND_COLUMNS));
  return `${text}: ${shown.join("; ")}${more}`;
}

/** Rows of which the first has a title. */
function titled(title: string, lines: readonly string[]): string[][] {
  return lines.map((line, at) => [at === 0 ? title : "", line]);
}

/** What made a layer, in one line: versions and architectures are in the table of packages. */
function layerWords(createdBy: string, packages: BaseDetails["packages"]): string {
  const names = new Map(packages.map(({ name, version, architecture }) => [`${name} ${version} ${architecture}`, name]));
  const parts = createdBy.replace(/^decant: /, "").split(", ");
  return fit(safeLine(parts.map((part) => names.get(part) ?? part).join(", ")), LAYER_COLUMNS);
}

/** What a lock changes, by architecture; architectures with the same changes are shown together. */
export function lockText({ file, written, changes, changelogs = [] }: LockBaseResult): string {
  const groups = Map.groupBy(Object.entries(changes), ([, change]) => differenceText(change));
  const parts = [...groups].map(([text, some]) =>
    text === "" ? "" : `${some.map(([architecture]) => architecture).join(", ")}:\n${text}`,
  );
  const entries = changelogs.map(({ text }) => `${text.split("\n").map(safeLine).join("\n")}\n`);
  const all = [...parts.filter((text) => text !== ""), ...entries].join("\n");
  return all + (written ? `Wrote ${safeLine(file)}\n` : all === "" ? `${safeLine(file)} is up to date\n` : "");
}

/** "" when nothing differs. */
export function differenceText({ packages, config }: BaseDifference): string {
  const packageRows = packages.map((one) => [
    one.before === undefined ? "+" : one.after === undefined ? "-" : "~",
    one.name,
    one.before === undefined || one.after === undefined ? (one.after ?? one.before ?? "") : `${one.before} → ${one.after}`,
    one.sizeChange === undefined || one.sizeChange === 0 ? "" : `${one.sizeChange < 0 ? "-" : "+"}${formatSize(Math.abs(one.sizeChange))}`,
  ]);
  const configRows = config.map((one) => ["~", one.name, safeLine(`${one.before ?? "nothing"} → ${one.after ?? "nothing"}`)]);
  return formatTable([...packageRows, ...configRows]);
}
