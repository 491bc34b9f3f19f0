/** Filters of cache records, in the language of containerd: `type==regular,description~=npm`. Terms with commas must all hold, of several filters one. */
import { linearRegexp, RegexpProblem } from "../../project/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";

/** What filters look at. */
export interface FilteredRecord {
  readonly id: string;
  readonly recordType: string;
  readonly description: string;
  readonly inUse: boolean;
  readonly mutable: boolean;
}

type Test = (record: FilteredRecord) => boolean;

const TERM = /\s*([A-Za-z][\w.-]*)\s*(?:(==|!=|~=)\s*("(?:[^"\\]|\\.)*"|[^,]*?))?\s*(,|$)/y;
const MAX_CHARS = 4096;

/** Reads filters; no filter, or an empty one, takes everything. Throws `GrpcError`. */
export function readFilters(filters: readonly string[]): Test {
  const tests = filters.map(readFilter);
  return (record) => tests.length === 0 || tests.some((test) => test(record));
}

function readFilter(text: string): Test {
  if (text.length > MAX_CHARS) throw problem(text.slice(0, 100), `it has more than ${MAX_CHARS} characters`);
  if (text.trim() === "") return () => true;
  const tests: Test[] = [];
  for (let at = 0; ;) {
    TERM.lastIndex = at;
    const [all = "", field = "", operator, written = "", end] = TERM.exec(text) ?? [];
    if (end === undefined)
      throw problem(text, `"${text.slice(at)}" is no term; wanted FIELD, FIELD==VALUE, FIELD!=VALUE or FIELD~=EXPRESSION`);
    tests.push(termTest(field, operator, valueOf(text, written), text));
    at += all.length;
    if (end === "") return (record) => tests.every((test) => test(record));
  }
}

function valueOf(text: string, written: string): string {
  if (!written.startsWith('"')) return written;
  try {
    return String(JSON.parse(written));
  } catch {
    throw problem(text, `${written} is no text`);
  }
}

function termTest(field: string, operator: string | undefined, wanted: string, text: string): Test {
  const read = FIELDS[field];
  // As BuildKit: what nobody has is never there.
  if (read === undefined) return () => operator === "!=";
  if (operator === undefined) return (record) => read(record) !== undefined;
  if (operator !== "~=") return (record) => (read(record) === wanted) === (operator === "==");
  try {
    const expression = linearRegexp(wanted);
    return (record) => expression.matches(read(record) ?? "");
  } catch (error) {
    if (error instanceof RegexpProblem) throw problem(text, error.message);
    throw error;
  }
}

/** Undefined: absent. What is true or false is there or not, without a value. */
const FIELDS: Readonly<Record<string, (record: FilteredRecord) => string | undefined>> = {
  id: ({ id }) => id,
  type: ({ recordType }) => recordType,
  description: ({ description }) => (description === "" ? undefined : description),
  inuse: ({ inUse }) => flag(inUse),
  mutable: ({ mutable }) => flag(mutable),
  immutable: ({ mutable }) => flag(!mutable),
  // Sizes count each byte for one record.
  shared: () => undefined,
  private: () => "",
};

function flag(is: boolean): string | undefined {
  return is ? "" : undefined;
}

function problem(text: string, why: string): GrpcError {
  return new GrpcError(CODE.invalid, `Cannot use the filter "${text}" of the cache: ${why}`);
}
