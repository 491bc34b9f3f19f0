/**
 * The `audit:` part of decant.yaml.
 *
 *     audit:
 *       findings: { shell: error, documentation: off }
 *       allow:
 *         - { id: setuid, path: /usr/bin/fusermount3, reason: users mount their own folders }
 *       maxSize: 80MB
 *       user: "65532"
 */
import { type Allowance, type AuditPolicy, findingKind, FINDING_KINDS, type Severity } from "../audit/index.ts";
import { createIgnoreMatcher, excludePatterns, suggest } from "../dockerfile/index.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { parseBytes } from "../bytes.ts";
import type { SourceRange } from "../source.ts";
import { configError, listItems, mappingEntries, scalarOf, type YamlEntry, type YamlReading } from "./yaml-reading.ts";

const KEYS = ["findings", "allow", "maxSize", "user"] as const;
const SEVERITIES: Readonly<Record<string, Severity | "off">> = { error: "error", warning: "warning", note: "note", off: "off" };

/** Reads the policy from the value of the key `audit`. Throws `CONFIG_FILE` with the place. */
export function readAuditPolicy(read: YamlReading, node: unknown): AuditPolicy {
  const policy: { -readonly [Key in keyof AuditPolicy]: AuditPolicy[Key] } = {};
  for (const entry of mappingEntries(read, node, '"audit"')) {
    switch (entry.key) {
      case "findings":
        policy.findings = severities(read, entry.value);
        break;
      case "allow":
        policy.allow = [...listItems(read, entry.value, '"allow"', entry.valueRange)].map(({ value, range }) =>
          allowance(read, value, range),
        );
        break;
      case "maxSize":
        policy.maxSizeBytes = sizeOf(scalarOf(read, entry.value), entry.valueRange);
        break;
      case "user": {
        const user = scalarOf(read, entry.value);
        if (user === undefined || user === "" || typeof user === "boolean")
          throw configError('"user" is no user; wanted a name or a number', entry.valueRange);
        policy.user = String(user);
        break;
      }
      default:
        throw configError(`"audit" has no key "${entry.key}"; wanted ${KEYS.join(", ")}`, entry.range);
    }
  }
  return policy;
}

function severities(read: YamlReading, node: unknown): Readonly<Record<string, Severity | "off">> {
  const found: Record<string, Severity | "off"> = Object.create(null);
  for (const { key, range, value, valueRange } of mappingEntries(read, node, '"findings"')) {
    checkId(key, range);
    // What YAML 1.1 makes of a bare "off".
    const told = scalarOf(read, value);
    const severity = told === false ? "off" : typeof told === "string" && Object.hasOwn(SEVERITIES, told) ? SEVERITIES[told] : undefined;
    if (severity === undefined) throw configError(`"${key}" has no severity; wanted error, warning, note or off`, valueRange);
    found[key] = severity;
  }
  return found;
}

function allowance(read: YamlReading, node: unknown, source: SourceRange): Allowance {
  const entries = new Map<string, YamlEntry>();
  for (const entry of mappingEntries(read, node, "an exception")) {
    if (!["id", "path", "reason"].includes(entry.key))
      throw configError(`an exception has no key "${entry.key}"; wanted id, path, reason`, entry.range);
    entries.set(entry.key, entry);
  }
  const text = (key: string): string | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    const value = scalarOf(read, entry.value);
    if (typeof value !== "string" || value.trim() === "") throw configError(`"${key}" of an exception is no text`, entry.valueRange);
    return value;
  };
  const [id, path, reason] = [text("id"), text("path"), text("reason")];
  if (id !== undefined) checkId(id, entries.get("id")?.valueRange ?? source);
  if (path !== undefined) checkPattern(path, entries.get("path")?.valueRange ?? source);
  if (id === undefined && path === undefined) throw configError("an exception for everything is none; wanted id, path or both", source);
  if (reason === undefined) throw configError('an exception has no "reason"; wanted a sentence that says why it is right', source);
  return { ...given({ id, path }), reason, source };
}

function checkId(id: string, range: SourceRange): void {
  if (findingKind(id) !== undefined) return;
  const guess = suggest(
    id,
    FINDING_KINDS.map((kind) => kind.id),
  );
  throw configError(`there is no finding "${id}"${guess === undefined ? "; see docs/audit.md" : `; did you mean "${guess}"?`}`, range);
}

function checkPattern(path: string, range: SourceRange): void {
  try {
    createIgnoreMatcher(excludePatterns([{ text: path.replace(/^\/+/, "") }]));
  } catch (error) {
    if (!isDecantError(error)) throw error;
    throw configError(`"${path}" is no pattern of paths: ${error.message}`, range);
  }
}

function sizeOf(told: string | number | boolean | undefined, range: SourceRange): number {
  const sizeBytes = parseBytes(String(told ?? ""));
  if (sizeBytes === undefined) throw configError(`"${String(told ?? "")}" is no size; wanted e.g. 80MB or 1.5GiB`, range);
  return sizeBytes;
}
