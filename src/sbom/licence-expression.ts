/** Licences as packages write them → SPDX licence expressions (SPDX 2.3, annex D). What SPDX has no name for becomes a LicenseRef with its text. */
import { hexOf, sha256 } from "../digest.ts";
import { SPDX_IDS } from "./spdx-ids.ts";

/** The texts behind LicenseRefs, while an inventory is read. */
export type LicenceTexts = Map<string, string>;

const MAX_TEXT_CHARS = 256 * 1024;
const MAX_EXPRESSION_CHARS = 1024;
const MAX_NAME_CHARS = 40;
const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(SPDX_IDS.map((id) => [id.toLowerCase(), id]));
const EXCEPTION = /exception|-note$|^SHL-|^LLGPL$/;
const TOKEN = /\(|\)|[A-Za-z0-9.:+-]+|\S/g;

/** "mit" → "MIT"; undefined for what is not on the list. */
export function spdxId(name: string): string | undefined {
  const id = BY_LOWER_CASE.get(name.toLowerCase());
  return id === undefined || EXCEPTION.test(id) ? undefined : id;
}

/** "gcc-exception-3.1" → "GCC-exception-3.1". */
export function spdxException(name: string): string | undefined {
  const id = BY_LOWER_CASE.get(name.toLowerCase());
  return id !== undefined && EXCEPTION.test(id) ? id : undefined;
}

/** A valid expression in canonical spelling ("(MIT or Apache-2.0)" → "MIT OR Apache-2.0"); undefined for anything else. */
export function parseExpression(text: string): string | undefined {
  if (text.length > MAX_EXPRESSION_CHARS) return undefined;
  const tokens = text.match(TOKEN) ?? [];
  let at = 0;
  const word = (wanted: string): boolean => {
    if (tokens[at]?.toUpperCase() !== wanted) return false;
    at += 1;
    return true;
  };
  const list = (operator: "OR" | "AND", part: () => string | undefined): string | undefined => {
    const parts = [part()];
    while (word(operator)) parts.push(part());
    return parts.every((one) => one !== undefined) ? parts.join(` ${operator} `) : undefined;
  };
  const either = (): string | undefined => list("OR", () => list("AND", single));
  const single = (): string | undefined => {
    if (word("(")) {
      const inside = either();
      if (inside === undefined || !word(")")) return undefined;
      return inside.includes(" ") ? `(${inside})` : inside;
    }
    const name = tokens[at] ?? "";
    at += 1;
    const id = spdxId(name) ?? (name.endsWith("+") ? plus(spdxId(name.slice(0, -1))) : undefined);
    if (id === undefined || !word("WITH")) return id;
    const exception = spdxException(tokens[at] ?? "");
    at += 1;
    return exception === undefined ? undefined : `${id} WITH ${exception}`;
  };
  const expression = either();
  if (expression === undefined || at !== tokens.length) return undefined;
  return /^\([^()]*\)$/.test(expression) ? expression.slice(1, -1) : expression;
}

function plus(id: string | undefined): string | undefined {
  return id === undefined ? undefined : `${id}+`;
}

/** One expression that says all of them: each part of a package has one. Undefined for none. */
export function allOf(licences: readonly string[]): string | undefined {
  // What is joined by AND alone falls apart, so that no name comes twice.
  const parts = new Set(licences.flatMap((one) => (/ OR |\(/.test(one) ? [one] : one.split(" AND "))));
  if (parts.size === 0) return undefined;
  return [...parts].map((part) => (parts.size > 1 && / OR /.test(part) ? `(${part})` : part)).join(" AND ");
}

/** As a list of one expression: of several licences each may be chosen. */
export function anyOf(licences: readonly string[]): readonly string[] {
  return licences.length < 2 ? licences : [licences.map((one) => (one.includes(" ") ? `(${one})` : one)).join(" OR ")];
}

/** "LicenseRef-permissive-1a2b3c4d", with its text in `texts`. The same name with another text is another licence. */
export function licenceRef(name: string, text: string, texts: LicenceTexts): string {
  const whole = text.trim() === "" ? name : text;
  const content = whole.length > MAX_TEXT_CHARS ? `${whole.slice(0, MAX_TEXT_CHARS)}\n[cut after ${MAX_TEXT_CHARS} characters]` : whole;
  const words = name
    .trim()
    .replace(/[^A-Za-z0-9.]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  const ref = `LicenseRef-${words === "" || words.length > MAX_NAME_CHARS ? "text" : words}-${hexOf(sha256(content)).slice(0, 8)}`;
  texts.set(ref, content);
  return ref;
}

/** What a package manager's licence field says: an expression where it is one, else a LicenseRef. Empty text says nothing. */
export function licenceField(text: string, texts: LicenceTexts): readonly string[] {
  const trimmed = text.trim();
  return trimmed === "" ? [] : [parseExpression(trimmed) ?? licenceRef(trimmed, trimmed, texts)];
}
