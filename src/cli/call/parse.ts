/** The value of `--call`, as docker buildx takes it: `METHOD[,format=text|json][,ignorestatus[=BOOL]]`. */
import { usageError } from "../../errors.ts";
import { parseCsvLine } from "../csv.ts";
import { closest } from "../suggest.ts";

/** What can be asked instead of building. */
const CALL_METHODS = ["build", "check", "outline", "targets", "convertllb", "subrequests.describe"] as const;
/** One of them. */
type CallMethod = (typeof CALL_METHODS)[number];

/** A parsed `--call`. */
export interface Call {
  readonly method: CallMethod;
  readonly format: "text" | "json";
  /** Exit with 0 whatever a check finds. */
  readonly ignoresStatus: boolean;
}

/** Parses `--call`; `lint` is another name of check. Throws `USAGE`, `UNSUPPORTED`. */
export function parseCall(text: string): Call {
  const [name = "", ...fields] = parseCsvLine(text, "--call");
  const wanted = name === "lint" ? "check" : name;
  const method = CALL_METHODS.find((each) => each === wanted);
  if (method === undefined) {
    const guess = closest(name, CALL_METHODS);
    throw usageError(
      `Cannot use --call "${name}": wanted ${CALL_METHODS.join(", ")}`,
      guess === undefined ? undefined : `Did you mean --call=${guess}?`,
    );
  }
  let format: Call["format"] = "text";
  let ignoresStatus = false;
  for (const field of fields) {
    const [key, value] = field.includes("=") ? [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)] : [field, "true"];
    if (key === "format" && (value === "text" || value === "json")) format = value;
    else if (key === "ignorestatus" && /^(?:true|1|false|0)$/.test(value)) ignoresStatus = value === "true" || value === "1";
    else throw usageError(`Cannot use --call "${text}": "${field}" is not format=text, format=json or ignorestatus`);
  }
  return { method, format, ignoresStatus };
}
