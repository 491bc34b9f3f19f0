/** What a container of `decant run` may use, in docker's forms. Pure. */
import { unsupported, usageError } from "../errors.ts";
import type { RunImageOptions } from "../index.ts";
import { parseResources, RESOURCE_KEYS } from "./resource-options.ts";

type Resources = NonNullable<RunImageOptions["resources"]>;

const CPU_PERIOD_USEC = 100_000;

/** --memory, --cpus and the others; undefined where none is there. Throws `USAGE`. */
export function containerResources(
  values: Readonly<Partial<Record<(typeof RESOURCE_KEYS)[number] | "cpus", unknown>>>,
): Resources | undefined {
  const entries = RESOURCE_KEYS.flatMap((key) => (typeof values[key] === "string" ? [`${key}=${values[key]}`] : []));
  const found = parseResources(entries);
  if (typeof values.cpus !== "string") return found;
  const cpus = /^\d+(?:\.\d+)?$/.test(values.cpus) ? Number(values.cpus) : 0;
  if (cpus <= 0) throw usageError(`Cannot use --cpus "${values.cpus}": wanted a number of processors, for example 1.5`);
  return { ...found, cpuPeriodUsec: CPU_PERIOD_USEC, cpuQuotaUsec: Math.round(cpus * CPU_PERIOD_USEC) };
}

/** "/dev/fuse", "/dev/sda:/dev/xvda:r". */
export function parseDeviceFile(text: string): NonNullable<RunImageOptions["devices"]>[number] {
  const [source = "", target, access, more] = text.split(":");
  if (!source.startsWith("/") || more !== undefined)
    throw usageError(`Cannot use --device "${text}": wanted SOURCE, SOURCE:TARGET or SOURCE:TARGET:rwm, with absolute paths`);
  return { source, target, access };
}

/** Of --security-opt, the one that Decant has. Throws `UNSUPPORTED`. */
export function noNewPrivileges(options: readonly string[]): boolean {
  const found = options.map((option) => /^no-new-privileges(?:[:=](true|false))?$/.exec(option));
  const other = options.find((_, at) => found[at] === null);
  if (other !== undefined)
    throw unsupported(`--security-opt ${other}`, { hint: "The seccomp filter is Decant's own; --privileged switches all protection off" });
  return found.some((match) => match?.[1] !== "false" && match !== null);
}
