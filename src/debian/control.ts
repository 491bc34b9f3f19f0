/** Debian control data (deb822, Debian policy chapter 5): stanzas with folded fields, and the syntax of dependency fields (policy 7.1). Pure. */
import { given } from "../given.ts";
import { archiveError } from "./errors.ts";

/** The fields of one paragraph. Names are lower-case; folded lines are joined by "\n" without their first space. */
export type Stanza = ReadonlyMap<string, string>;

const FIELD = /^([!-9;-~]+):[ \t]*(.*)$/;

/** Parses exactly one paragraph; `name` is for messages. Throws `DEBIAN_ARCHIVE`. */
export function parseStanza(text: string, name: string): Stanza {
  const stanzas = parseStanzas(text, name);
  const [first] = stanzas;
  if (first === undefined || stanzas.length !== 1) throw archiveError(name, `it has ${stanzas.length} paragraphs of fields; wanted one`);
  return first;
}

/** Parses all paragraphs. Throws `DEBIAN_ARCHIVE`. */
export function parseStanzas(text: string, name: string): Stanza[] {
  const stanzas: Stanza[] = [];
  let fields = new Map<string, string>();
  let current: string | undefined;
  let number = 0;
  for (const raw of text.split("\n")) {
    number += 1;
    const line = raw.trimEnd();
    if (line === "") {
      if (fields.size > 0) stanzas.push(fields);
      fields = new Map();
      current = undefined;
    } else if (line.startsWith(" ") || line.startsWith("\t")) {
      if (current === undefined) throw archiveError(name, `line ${number} continues a field, but no field is open`);
      fields.set(current, `${fields.get(current) ?? ""}\n${line.slice(1)}`);
    } else if (!line.startsWith("#")) {
      const match = FIELD.exec(line);
      if (match === null) throw archiveError(name, `line ${number} is not a field; wanted "Name: value"`);
      current = (match[1] ?? "").toLowerCase();
      if (fields.has(current)) throw archiveError(name, `line ${number} gives the field ${match[1]} a second time`);
      fields.set(current, match[2] ?? "");
    }
  }
  if (fields.size > 0) stanzas.push(fields);
  return stanzas;
}

/** A field that must be there. Throws `DEBIAN_ARCHIVE`. */
export function requiredField(stanza: Stanza, field: string, name: string): string {
  const value = stanza.get(field.toLowerCase());
  if (value === undefined || value === "") throw archiveError(name, `it has no field ${field}`);
  return value;
}

/** How a version is compared in a dependency. */
export type VersionOperator = "<<" | "<=" | "=" | ">=" | ">>";

/** "(>= 2)" of a relation. */
export interface VersionConstraint {
  readonly operator: VersionOperator;
  readonly version: string;
}

/** One alternative of a dependency: "python3:any (>= 3.5~) [amd64] <!nocheck>". */
export interface Relation {
  readonly name: string;
  /** After the colon: "any", "native" or an architecture. */
  readonly qualifier?: string;
  readonly version?: VersionConstraint;
  /** As written, "!" included. */
  readonly architectures?: readonly string[];
  /** Build profiles: each list is one <…> group, as written. */
  readonly profiles?: readonly (readonly string[])[];
}

const RELATION =
  /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?\s*(?:\[([^\]]*)\])?\s*((?:<[^>]*>\s*)*)$/;
/** Deprecated spellings (policy 7.1): "<" means "<=". */
const OLD_OPERATORS: Readonly<Record<string, VersionOperator>> = { "<": "<=", ">": ">=" };

/** A dependency field: all of the outer list are needed, one of each inner list is enough. Throws `DEBIAN_ARCHIVE`. */
export function parseRelations(text: string, name: string): Relation[][] {
  return text
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "")
    .map((group) => group.split("|").map((alternative) => parseRelation(alternative.trim(), name)));
}

function parseRelation(text: string, name: string): Relation {
  const match = RELATION.exec(text);
  if (match === null) throw archiveError(name, `its dependency "${text}" cannot be read; wanted "name (>= version)"`);
  const [, packageName = "", qualifier, operator, version, architectures, profiles = ""] = match;
  const groups = [...profiles.matchAll(/<([^>]*)>/g)].map((group) => words(group[1] ?? ""));
  return {
    name: packageName,
    ...given({ qualifier }),
    ...(operator === undefined || version === undefined ? {} : { version: { operator: toOperator(operator), version } }),
    ...(architectures === undefined ? {} : { architectures: words(architectures) }),
    ...(groups.length === 0 ? {} : { profiles: groups }),
  };
}

function toOperator(text: string): VersionOperator {
  switch (text) {
    case "<<":
    case "<=":
    case "=":
    case ">=":
    case ">>":
      return text;
    default:
      return OLD_OPERATORS[text] ?? "=";
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
