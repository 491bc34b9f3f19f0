/** Bases as text for people. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import type { BaseDetails, BaseDifference, BaseSummary, LockBaseResult } from "../../index.ts";
import { fit, safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

const LAYER_COLUMNS = 72;

/** `decant base list`. */
export function listText(bases: readonly BaseSummary[]): string {
  const rows = bases.map(({ name, suite, architectures, variants, description }) => [
    name,
    suite,
    architectures.join(" "),
    variants.join(" "),
    description ?? "",
  ]);
  return formatTable([["NAME", "SUITE", "ARCHITECTURES", "VARIANTS", ""], ...rows]);
}

/** `decant base show`. */
export function detailsText(details: BaseDetails): string {
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
  const scripts = details.scripts?.map((one) => [one.package, one.script, one.effect, one.done, safeLine(one.text)]);
  return [
    facts,
    formatTable([["PACKAGE", "VERSION", "ARCHITECTURE", "DOWNLOAD", ""], ...packageRows], [3]),
    formatTable([["LAYER", "DIGEST", "SIZE", "FILES", "WHAT"], ...layerRows], [2, 3]),
    ...(scripts === undefined ? [] : [formatTable([["PACKAGE", "SCRIPT", "EFFECT", "", "WHAT"], ...scripts])]),
  ].join("\n");
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
