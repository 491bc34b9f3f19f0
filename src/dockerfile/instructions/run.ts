/** RUN with --mount, --network, --security and --device. Mount options stay raw: they are expanded and checked by `resolveMount`. */
import { parseCsv } from "../csv.ts";
import { syntaxError } from "../errors.ts";
import { type FlagSet, readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import { didYouMean } from "../suggest.ts";
import { present } from "../slices.ts";
import type { DeviceFlag, MountFlag, MountOption, RunInstruction } from "../types.ts";
import { parseBool } from "../values.ts";
import type { RawFlag } from "../split-line.ts";
import { readCommandLine } from "./command-line.ts";

const NETWORKS = ["default", "none", "host"] as const;
const SECURITIES = ["sandbox", "insecure"] as const;

/** RUN. */
export function readRun(statement: Statement): RunInstruction {
  const flags = readFlags(statement, { mount: "strings", network: "string", security: "string", device: "strings" });
  return {
    ...statement.base,
    kind: "run",
    command: readCommandLine(statement),
    heredocs: statement.heredocs,
    mounts: flags.raw("mount").map((flag) => readMount(statement, flag)),
    devices: flags.raw("device").map((flag) => readDevice(statement, flag)),
    ...present({
      network: readMode(flags, "network", NETWORKS, "invalid network mode"),
      security: readMode(flags, "security", SECURITIES, "security is not valid:"),
    }),
  };
}

function readMode<Mode extends string>(flags: FlagSet, name: string, modes: readonly Mode[], phrase: string) {
  const word = flags.word(name);
  if (word === undefined) return undefined;
  const mode = modes.find((each) => each === word.text);
  if (mode !== undefined) return { mode, range: word.range };
  throw syntaxError("FlagValueInvalid", `Cannot parse RUN: ${phrase} "${word.text}"`, {
    range: word.range,
    hint: didYouMean(word.text, modes) ?? `Use one of ${modes.join(", ")}`,
  });
}

function readMount(statement: Statement, flag: RawFlag): MountFlag {
  const options = readOptions(statement, flag);
  for (const { key, value, range } of options) {
    const dollar = key === "from" ? (value?.indexOf("$") ?? -1) : -1;
    // A "$" at the very end names no variable.
    if (value === undefined || dollar < 0 || dollar === value.length - 1) continue;
    throw syntaxError(
      "VariableInFrom",
      "Cannot use a variable in from=: 'from' doesn't support variable expansion, define alias stage instead",
      {
        range,
        hint: `Add a stage: FROM ${value} AS name, and write from=name`,
      },
    );
  }
  return { options, range: statement.line.range(flag.start, flag.end) };
}

function readDevice(statement: Statement, flag: RawFlag): DeviceFlag {
  let name = "";
  let required = false;
  for (const { key, value, field, range } of readOptions(statement, flag)) {
    if (key === "required") {
      required = value === undefined || parseBool(value, key, range);
    } else if (key === "name" && value !== undefined) {
      if (name !== "") throw syntaxError("DeviceName", `Cannot name the device "${value}": device name already set to ${name}`, { range });
      name = value;
    } else if (name === "") {
      name = field;
    } else {
      const problem = value === undefined ? `invalid field '${field}' must be a key=value pair` : `unexpected key '${key}' in '${field}'`;
      throw syntaxError("UnknownDeviceKey", `Cannot read the device: ${problem}`, {
        range,
        hint: didYouMean(key, ["name", "required"]) ?? "Use name= and required",
      });
    }
  }
  return { name, required, range: statement.line.range(flag.start, flag.end) };
}

function readOptions(statement: Statement, flag: RawFlag): MountOption[] {
  const { line } = statement;
  return parseCsv(flag.value ?? "", line.range(flag.start, flag.end)).map((field) => {
    const { text, start, end } = field;
    const from = flag.offsets[start] ?? flag.end;
    const range = line.range(from, (flag.offsets[end - 1] ?? from - 1) + 1);
    const equals = text.indexOf("=");
    if (equals < 0) return { key: text.toLowerCase(), field: text, range };
    return { key: text.slice(0, equals).toLowerCase(), value: text.slice(equals + 1), field: text, range };
  });
}
