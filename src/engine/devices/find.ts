/** Which devices a name of `RUN --device` means, and which of them a build may use. Pure. */
import type { RegisteredDevice } from "./registry.ts";

/** What `--allow device…` said. */
export interface DeviceAllowance {
  /** `--allow device` */
  readonly all: boolean;
  /** Names as for `RUN --device`. */
  readonly names: readonly string[];
  /** Names that stand for others, which are allowed by that. */
  readonly aliases: ReadonlyMap<string, string>;
}

const CLASS_ANNOTATION = "org.mobyproject.buildkit.device.class";
const AUTO_ALLOW_ANNOTATION = "org.mobyproject.buildkit.device.autoallow";
const TRUE = /^(?:1|t|T|TRUE|true|True)$/;

/** "vendor/class=name", "vendor/class=*" for all of them, "vendor/class" for the first; else the name of a class of annotations. */
export function findDevices(name: string, registered: readonly RegisteredDevice[]): readonly RegisteredDevice[] {
  const equals = name.indexOf("=");
  const kind = equals < 0 ? name : name.slice(0, equals);
  const own = equals < 0 ? "" : name.slice(equals + 1);
  if (/^[^/]+\/./.test(kind)) {
    const ofKind = registered.filter((each) => each.name.startsWith(`${kind}=`));
    const found = own === "*" ? ofKind : own === "" ? ofKind.slice(0, 1) : ofKind.filter((each) => each.name === name);
    if (found.length > 0) return found;
  }
  return registered.filter((each) => annotationsOf(each)[CLASS_ANNOTATION] === name);
}

/** Those of `devices` that nobody has allowed. */
export function forbiddenDevices(
  devices: readonly RegisteredDevice[],
  allowance: DeviceAllowance,
  registered: readonly RegisteredDevice[],
): readonly RegisteredDevice[] {
  if (allowance.all) return [];
  const granted = new Set(allowance.names.flatMap((name) => findDevices(name, registered)));
  return devices.filter((each) => !granted.has(each) && !TRUE.test(annotationsOf(each)[AUTO_ALLOW_ANNOTATION] ?? ""));
}

/** The device's own win. */
function annotationsOf({ device, spec }: RegisteredDevice): Readonly<Record<string, string>> {
  return { ...spec.annotations, ...device.annotations };
}
