/** Devices of a build (F22): which the caller allows, and whether all that its steps ask for is there, before the first one runs. */
import { resolve } from "node:path";
import { CDI_FOLDERS, type DeviceAccess, type DeviceAllowance, openDevices } from "../engine/index.ts";
import { usageError } from "../errors.ts";
import { type Emit, eventSource } from "../events.ts";
import { type Entitlement, reachable, type Vertex } from "../graph/index.ts";
import type { BuildOptions } from "./types.ts";

/** The devices that `options` allow. Throws `USAGE` for a permission that cannot be read. */
export function buildDevices(
  options: Pick<BuildOptions, "allow" | "devices" | "cdiSpecDirs">,
  { cwd, emit }: { readonly cwd: string; readonly emit: Emit },
): DeviceAccess {
  const { allow = [], devices = [], cdiSpecDirs = [] } = options;
  return openDevices({
    folders: cdiSpecDirs.length === 0 ? CDI_FOLDERS : cdiSpecDirs.map((folder) => resolve(cwd, folder)),
    allowance: allowanceOf(
      allow,
      devices.map(({ name }) => name),
    ),
    warn: (code, message, range) =>
      emit({ type: "warning", code, message, ...(range === undefined ? {} : { source: eventSource(range) }) }),
  });
}

/** Throws as `DeviceAccess.resolve`. */
export async function checkDevices(target: Vertex | undefined, access: DeviceAccess): Promise<void> {
  if (target === undefined) return;
  for (const { op } of reachable(target)) if (op.kind === "exec" && op.devices.length > 0) await access.resolve(op.devices);
}

/** What the caller asks for itself is allowed by that. */
function allowanceOf(allow: readonly Entitlement[], own: readonly string[]): DeviceAllowance {
  const names = [...own];
  const aliases = new Map<string, string>();
  for (const entitlement of allow) {
    if (!entitlement.startsWith("device=")) continue;
    const [name = "", ...settings] = entitlement.slice("device=".length).split(",");
    const alias = settings[0]?.startsWith("alias=") === true ? settings[0].slice("alias=".length) : undefined;
    if (name === "" || settings.length > 1 || (settings.length === 1 && alias === undefined))
      throw usageError(`Cannot allow "${entitlement}": wanted device=NAME or device=NAME,alias=OTHER`);
    if (alias === undefined) names.push(name);
    else aliases.set(alias, name);
  }
  return { all: allow.includes("device"), names, aliases };
}
