/** Conditions whose answer is known without running anything: the version of Python, the system, who is the main module. */

/** What is known. */
export interface PythonFacts {
  /** "3.13" */
  readonly version: string | undefined;
  readonly isMain: boolean;
  /** Names that the module has set so far, where what they hold is known. */
  readonly constants: PythonConstants;
}

/** By name: what it is as a condition; "version" of `sys.version_info`. */
export type PythonConstants = Map<string, boolean | "version">;

const NAMES: ReadonlyMap<string, boolean> = new Map([
  ["True", true],
  ["1", true],
  ["__debug__", true],
  ["False", false],
  ["0", false],
  ["None", false],
  ["TYPE_CHECKING", false],
  ["MYPY", false],
]);
const VERSION = /^sys\.version_info(?:\[:2\]|\[:3\])?\s*(<=?|>=?|==|!=)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?(?:,[\s\d]*)?\)$/;
const VERSION_PART = /^sys\.version_info(\[[01]\]|\.major|\.minor)\s*(<=?|>=?|==|!=)\s*(\d+)$/;

const VALUES: ReadonlyMap<string, string> = new Map([
  ["sys.platform", "linux"],
  ["os.name", "posix"],
]);

/** True, false, or undefined for what only running it tells. `head`: strings empty; their contents are in `strings`. */
export function pythonCondition(head: string, strings: readonly string[], facts: PythonFacts): boolean | undefined {
  const text = unwrapped(head);
  const or = split(text, " or ");
  if (or.length > 1) return combined(or, strings, facts, true);
  const and = split(text, " and ");
  if (and.length > 1) return combined(and, strings, facts, false);
  if (text.startsWith("not ")) {
    const inner = pythonCondition(text.slice("not ".length), strings, facts);
    return inner === undefined ? undefined : !inner;
  }
  const own = facts.constants.get(text);
  const known = typeof own === "boolean" ? own : (NAMES.get(text) ?? (/^\w+\.TYPE_CHECKING$/.test(text) ? false : undefined));
  return known ?? versionCondition(withVersion(text, facts), facts) ?? textCondition(text, strings, facts);
}

function unwrapped(head: string): string {
  const text = head.trim();
  return text.startsWith("(") && text.endsWith(")") && split(text, ")").length === 1 ? unwrapped(text.slice(1, -1)) : text;
}

/** Splits outside of brackets. */
function split(text: string, by: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    if (depth === 0 && text.startsWith(by, at) && at + by.length < text.length) {
      parts.push(text.slice(from, at));
      from = at + by.length;
    }
  }
  return [...parts, text.slice(from)];
}

function combined(parts: readonly string[], strings: readonly string[], facts: PythonFacts, decides: boolean): boolean | undefined {
  let used = 0;
  const values = parts.map((part) => pythonCondition(part, strings.slice(used, (used += part.split('""').length - 1)), facts));
  if (values.includes(decides)) return decides;
  return values.includes(undefined) ? undefined : !decides;
}

/** `sys.version_info` instead of a name for it. */
function withVersion(text: string, { constants }: PythonFacts): string {
  return text.replace(/^(?:sys\.)?\w+/, (name) => (constants.get(name) === "version" ? "sys.version_info" : name));
}

function versionCondition(text: string, { version }: PythonFacts): boolean | undefined {
  if (version === undefined) return undefined;
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  const [, part, partOperator, number] = VERSION_PART.exec(text) ?? [];
  if (part !== undefined && partOperator !== undefined)
    return compared((/0|major/.test(part) ? ownMajor : ownMinor) - Number(number), partOperator);
  const [, operator, major = "", minor] = VERSION.exec(text) ?? [];
  if (operator === undefined) return undefined;
  // (3, 13, 1) is more than (3,) and (3, 13): the version has more parts than what it is compared with.
  const order = ownMajor - Number(major) || (minor === undefined ? 1 : ownMinor - Number(minor)) || 1;
  // Of the third part nothing is known.
  if (/\[:2\]|\(\s*\d+\s*,\s*\d+\s*,\s*\d/.test(text) && ownMinor === Number(minor)) return undefined;
  return /^[=!]/.test(operator) ? undefined : compared(order, operator);
}

function compared(order: number, operator: string): boolean | undefined {
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    default:
      return undefined;
  }
}

function textCondition(text: string, [value, other]: readonly string[], { isMain }: PythonFacts): boolean | undefined {
  if (value === undefined || other !== undefined) return undefined;
  const [, name = "", operator] = /^([\w.]+)\s*(==|!=)\s*""$/.exec(text) ?? [];
  const own = VALUES.get(name) ?? (name === "__name__" && (isMain || value === "__main__") ? (isMain ? "__main__" : "") : undefined);
  if (own !== undefined) return (own === value) === (operator === "==");
  if (text === 'sys.platform.startswith("")') return "linux".startsWith(value);
  return undefined;
}
