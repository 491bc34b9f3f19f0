/** The devices of a build: what `RUN --device` names is looked up, and held against what the caller allows. */
import { DecantError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/index.ts";
import type { SourceRange } from "../../source.ts";
import { type DeviceAllowance, findDevices, forbiddenDevices } from "./find.ts";
import { type DeviceInjection, injectDevices } from "./injection.ts";
import { readDeviceRegistry, type DeviceRegistry, type RegisteredDevice } from "./registry.ts";

/** Where CDI puts specifications, and BuildKit's own folder; the last one wins. */
export const CDI_FOLDERS: readonly string[] = ["/etc/cdi", "/var/run/cdi", "/etc/buildkit/cdi"];

/** The devices that steps may ask for. */
export interface DeviceAccess {
  /**
   * What they get; undefined for nothing, where all of it is optional. Throws `DOCKERFILE_SEMANTIC` for what is not allowed, `RUN_FAILED` for
   * what is required and not there, and as `injectDevices`.
   */
  resolve(requests: readonly DeviceRequest[]): Promise<DeviceInjection | undefined>;
}

/** Options of `openDevices`. */
interface DeviceOptions {
  readonly folders: readonly string[];
  readonly allowance: DeviceAllowance;
  readonly warn: (code: string, message: string, range: SourceRange | undefined) => void;
}

/** Reads nothing before the first step asks. */
export function openDevices({ folders, allowance, warn }: DeviceOptions): DeviceAccess {
  let read: Promise<DeviceRegistry> | undefined;
  const told = new Set<SourceRange | string>();
  return {
    async resolve(requests) {
      if (requests.length === 0) return undefined;
      const registry = await (read ??= readDeviceRegistry(folders));
      const found = new Set<RegisteredDevice>();
      for (const request of requests) {
        const alias = allowance.aliases.get(request.name);
        const devices = findDevices(alias ?? request.name, registry.devices);
        if (devices.length === 0 && !request.optional) throw notRegistered(request, registry, folders);
        const key = request.range ?? request.name;
        if (devices.length === 0 && !told.has(key)) {
          told.add(key);
          warn("DeviceNotFound", `Optional device "${request.name}" is not registered: the step runs without it`, request.range);
        }
        const forbidden = alias === undefined ? forbiddenDevices(devices, allowance, registry.devices) : [];
        if (forbidden.length > 0) throw notAllowed(request, forbidden);
        for (const device of devices) found.add(device);
      }
      return found.size === 0 ? undefined : injectDevices([...found]);
    },
  };
}

function notRegistered({ name, range }: DeviceRequest, { devices, problems }: DeviceRegistry, folders: readonly string[]): DecantError {
  const known = devices.map((each) => each.name);
  const state = known.length === 0 ? `no device is, in ${folders.join(", ")}` : `there are ${known.slice(0, 10).join(", ")}`;
  return new DecantError(
    "RUN_FAILED",
    `Cannot run the step: required device "${name}" is not registered; ${state}${problems.length === 0 ? "" : `. ${problems[0]}`}`,
    {
      hint: "Put its CDI specification into /etc/cdi, or name its folder with --cdi-spec-dir",
      source: range && [range],
    },
  );
}

function notAllowed({ range }: DeviceRequest, forbidden: readonly RegisteredDevice[]): DecantError {
  const names = forbidden.map(({ name }) => name);
  return new DecantError(
    "DOCKERFILE_SEMANTIC",
    `Cannot use RUN --device: ${names.length === 1 ? "device" : "devices"} ${names.join(", ")} ${names.length === 1 ? "is" : "are"} requested by the build but not allowed`,
    {
      hint: `Pass ${names.map((name) => `--allow device=${name}`).join(" ")}, if you trust this Dockerfile with it`,
      source: range && [range],
    },
  );
}
