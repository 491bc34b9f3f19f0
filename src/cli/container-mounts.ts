/** Mounts of `decant run` in docker's forms: -v, --mount and --tmpfs. Pure. */
import { parseSize } from "../dockerfile/index.ts";
import { isDecantError, unsupported, usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { RunImageOptions } from "../index.ts";
import { booleanField } from "./attributes.ts";
import { parseCsvLine } from "./csv.ts";
import { closest } from "./suggest.ts";

type ContainerMount = NonNullable<RunImageOptions["mounts"]>[number];

const MOUNT_KEYS = ["type", "source", "src", "target", "destination", "dst", "readonly", "ro", "tmpfs-size", "tmpfs-mode"];

/** "/data" is a volume; "./src:/src", "/src:/src:ro" show what the host has. Throws `USAGE`, `UNSUPPORTED` for a named volume. */
export function parseVolume(text: string): ContainerMount {
  const parts = text.split(":");
  const [first = "", second, options, more] = parts;
  if (first === "" || second === "" || more !== undefined)
    throw usageError(`Cannot use -v "${text}": wanted SOURCE:TARGET, SOURCE:TARGET:ro or TARGET`);
  if (second === undefined) return { kind: "volume", target: first };
  if (!/[/.~]/.test(first[0] ?? "")) throw namedVolume(`-v ${text}`, first);
  const settings = (options ?? "").split(",").filter((one) => one !== "");
  // What relabels files for SELinux has nothing to do here: containers have no label of their own.
  const unknown = settings.find((one) => !["ro", "rw", "z", "Z"].includes(one));
  if (unknown !== undefined) throw usageError(`Cannot use -v "${text}": unknown option "${unknown}"; wanted ro or rw`);
  return { kind: "bind", source: first, target: second, readOnly: settings.includes("ro") };
}

/** "type=bind,source=./src,target=/src,readonly", "type=tmpfs,target=/tmp,tmpfs-size=64m". Throws `USAGE`, `UNSUPPORTED`. */
export function parseMount(text: string): ContainerMount {
  const values = new Map<string, string>();
  for (const field of parseCsvLine(text, "--mount")) {
    const [key = "", ...rest] = field.split("=");
    if (!MOUNT_KEYS.includes(key)) {
      const guess = closest(key, MOUNT_KEYS);
      throw usageError(`Cannot use --mount "${text}": unexpected key "${key}"`, guess === undefined ? undefined : `Did you mean ${guess}?`);
    }
    values.set(key, rest.length === 0 ? "true" : rest.join("="));
  }
  const first = (...keys: readonly string[]): string | undefined => keys.map((key) => values.get(key)).find((value) => value !== undefined);
  const [type = "volume", source, target] = [first("type"), first("source", "src"), first("target", "destination", "dst")];
  const readOnly = booleanField(values, values.has("readonly") ? "readonly" : "ro", "--mount") ?? false;
  const wanted = (what: string): Error => usageError(`Cannot use --mount "${text}": it has no ${what}`);
  if (target === undefined) throw wanted("target");
  switch (type) {
    case "bind":
      if (source === undefined) throw wanted("source");
      return { kind: "bind", source, target, readOnly };
    case "tmpfs":
      return { kind: "tmpfs", target, readOnly, ...tmpfsSettings(text, "--mount", first("tmpfs-size"), first("tmpfs-mode")) };
    case "volume":
      if (source !== undefined) throw namedVolume(`--mount ${text}`, source);
      return { kind: "volume", target };
    default:
      throw usageError(`Cannot use --mount "${text}": unexpected type "${type}"; wanted bind, tmpfs or volume`);
  }
}

/** "/tmp", "/tmp:size=64m,mode=1777,ro,exec". Throws `USAGE`. */
export function parseTmpfs(text: string): ContainerMount {
  const [target = "", options = ""] = text.split(":", 2);
  const settings = options.split(",").filter((one) => one !== "");
  const valueOf = (key: string): string | undefined => settings.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
  const unknown = settings.find((one) => !/^(?:(?:size|mode)=.*|ro|rw|exec|noexec|nosuid|nodev)$/.test(one));
  if (unknown !== undefined)
    throw usageError(`Cannot use --tmpfs "${text}": unknown option "${unknown}"; wanted size=, mode=, ro, rw, exec or noexec`);
  const settled = tmpfsSettings(text, "--tmpfs", valueOf("size"), valueOf("mode"));
  return { kind: "tmpfs", target, readOnly: settings.includes("ro"), exec: settings.includes("exec"), ...settled };
}

function tmpfsSettings(
  text: string,
  flag: string,
  size: string | undefined,
  mode: string | undefined,
): { readonly sizeBytes?: number; readonly mode?: number } {
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))
    throw usageError(`Cannot use ${flag} "${text}": wanted an octal mode, for example 1777`);
  try {
    return given({
      sizeBytes: size === undefined ? undefined : parseSize(size),
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    });
  } catch (error) {
    if (!isDecantError(error)) throw error;
    throw usageError(`Cannot use ${flag} "${text}": wanted a size, for example 64m or 1g`);
  }
}

function namedVolume(what: string, name: string): Error {
  return unsupported(`Named volume "${name}" (${what})`, { hint: `Decant keeps no volumes: name a folder, as in ./${name}` });
}
