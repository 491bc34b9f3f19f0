/** `--mount` after expansion: which keys fit which type, and the values they take (rules S23, S112). */
import type { SourceRange } from "../../source.ts";
import { semanticError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { present } from "../slices.ts";
import type { Mount, MountFlag, MountOption } from "../types.ts";
import { parseBool, parseSize, parseUint32 } from "../values.ts";

const TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const SHARINGS = ["shared", "private", "locked"] as const;
const KEYS = [
  "type",
  "from",
  "source",
  "src",
  "target",
  "dst",
  "destination",
  "readonly",
  "ro",
  "readwrite",
  "rw",
  "id",
  "sharing",
  "required",
  "size",
  "mode",
  "uid",
  "gid",
  "env",
];

type Draft = { -readonly [Key in keyof Mount]?: Mount[Key] };

/**
 * Expands the values of `flag` with `expand` (also from=, which holds no variables) and checks them. Options count in order: `type=` must come
 * before keys that depend on it, as in BuildKit. Throws `DOCKERFILE_SEMANTIC` with the place of the option.
 */
export function resolveMount(flag: MountFlag, expand: (value: string, range: SourceRange) => string): Mount {
  const draft: Draft = {};
  for (const option of flag.options) {
    if (option.value === undefined) applyBare(draft, option);
    else applyValue(draft, option, expand(option.value, option.range));
  }
  const type = draft.type ?? "bind";
  checkCombination({ ...draft, type }, flag.range);
  const writable = type === "cache" || type === "tmpfs";
  return { ...draft, type, readOnly: draft.readOnly ?? !writable, required: draft.required ?? false, range: flag.range };
}

function applyBare(draft: Draft, option: MountOption): void {
  const { key, field, range } = option;
  if (key === "ro" || key === "readonly") draft.readOnly = true;
  else if (key === "rw" || key === "readwrite") draft.readOnly = false;
  else if (key === "required") setRequired(draft, option, true);
  else {
    const hint = didYouMean(key, ["ro", "rw", "readonly", "readwrite", "required"]) ?? (KEYS.includes(key) ? `Write ${key}=…` : undefined);
    throw semanticError(`Cannot read the mount: invalid field '${field}' must be a key=value pair`, { range, hint });
  }
}

function applyValue(draft: Draft, option: MountOption, value: string): void {
  const { key, field, range } = option;
  switch (key) {
    case "type":
      draft.type = choose(value, TYPES, "unsupported mount type", range);
      return;
    case "from":
      setText(draft, "from", value);
      return;
    case "source":
    case "src":
      setText(draft, "source", value);
      return;
    case "target":
    case "dst":
    case "destination":
      setText(draft, "target", value);
      return;
    case "id":
      setText(draft, "id", value);
      return;
    case "ro":
    case "readonly":
      draft.readOnly = parseBool(value, key, range);
      return;
    case "rw":
    case "readwrite":
      draft.readOnly = !parseBool(value, key, range);
      return;
    case "required":
      setRequired(draft, option, parseBool(value, key, range));
      return;
    case "size":
      if (draft.type !== "tmpfs") throw unexpectedKey(option, draft.type);
      draft.sizeBytes = parseSize(value, range);
      return;
    case "sharing":
      draft.sharing = choose(value, SHARINGS, "unsupported sharing value", range);
      return;
    case "mode":
      draft.mode = parseUint32(value, 8, key, range);
      return;
    case "uid":
    case "gid":
      draft[key] = parseUint32(value, 10, key, range);
      return;
    case "env":
      draft.env = value;
      return;
    default:
      throw semanticError(`Cannot read the mount: unexpected key '${key}' in '${field}'`, {
        range,
        hint: didYouMean(key, KEYS) ?? `Use one of ${KEYS.join(", ")}`,
      });
  }
}

/** An empty value is the same as none. */
function setText(draft: Draft, key: "from" | "source" | "target" | "id", value: string): void {
  if (value === "") delete draft[key];
  else draft[key] = value;
}

function setRequired(draft: Draft, option: MountOption, required: boolean): void {
  if (draft.type !== "secret" && draft.type !== "ssh") throw unexpectedKey(option, draft.type);
  draft.required = required;
}

function checkCombination(mount: Draft, range: SourceRange): void {
  const { type } = mount;
  const hasOwner = present({ mode: mount.mode, uid: mount.uid, gid: mount.gid });
  const [owner] = Object.keys(hasOwner);
  if (owner !== undefined && (type === "bind" || type === "tmpfs")) throw invalid(`${owner} not allowed for "${type}" type mounts`, range);
  if (type === "secret") {
    if (mount.from !== undefined) throw invalid("secret mount should not have a from", range);
    if (mount.sharing !== undefined) throw invalid("secret mount should not define sharing", range);
    if (mount.source === undefined && mount.target === undefined && mount.id === undefined) {
      throw invalid("invalid secret mount. one of source, target required", range);
    }
    if (mount.source !== undefined && mount.id !== undefined) throw invalid("both source and id can't be set", range);
  }
  if (mount.sharing !== undefined && type !== "cache") throw invalid(`invalid cache sharing set for ${type} mount`, range);
}

function choose<Value extends string>(text: string, values: readonly Value[], phrase: string, range: SourceRange): Value {
  const found = values.find((value) => value === text.toLowerCase());
  if (found !== undefined) return found;
  throw semanticError(`Cannot read the mount: ${phrase} "${text}"`, {
    range,
    hint: didYouMean(text, values) ?? `Use one of ${values.join(", ")}`,
  });
}

function unexpectedKey(option: MountOption, type = "bind"): Error {
  return semanticError(`Cannot read the mount: unexpected key '${option.key}' for mount type '${type}'`, {
    range: option.range,
    hint: "Put type= first, and keep only the keys of that type",
  });
}

function invalid(message: string, range: SourceRange): Error {
  return semanticError(`Cannot mount: ${message}`, { range });
}
