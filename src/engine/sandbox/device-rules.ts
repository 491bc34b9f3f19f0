/**
 * Which device files a step may use: Docker's default list. A device cgroup holds a step to it. Without one, only devices of the list that
 * cannot hurt may be made at all, and a root that holds others is mounted so that none can be opened. Pure.
 */
import { joinDevice, type DeviceRule } from "../../sys/index.ts";
import type { SandboxDevice } from "./types.ts";

/** null, zero, full, random, urandom, tty, ptmx: what a step may make and open wherever it runs. Numbers as mknod(2) takes them. */
export const HARMLESS_DEVICES: readonly number[] = [
  [1, 3],
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0],
  [5, 2],
].map(([major = 0, minor = 0]) => joinDevice(major, minor));

/** Any device file may be made, as in Docker; these may be opened: the harmless ones, tun, and terminals. */
const DEFAULTS: readonly DeviceRule[] = [
  { type: "c", access: "m" },
  { type: "b", access: "m" },
  ...[3, 5, 7, 8, 9].map((minor): DeviceRule => ({ type: "c", major: 1, minor, access: "rwm" })),
  { type: "c", major: 5, minor: 0, access: "rwm" },
  { type: "c", major: 5, minor: 2, access: "rwm" },
  { type: "c", major: 10, minor: 200, access: "rwm" },
  { type: "c", major: 136, access: "rwm" },
];

/** What a cgroup lets a step use that was given `devices` besides. */
export function deviceRules(devices: readonly SandboxDevice[]): DeviceRule[] {
  return [
    ...DEFAULTS,
    ...devices.flatMap(({ type, major, minor, access }) => (type === "b" || type === "c" ? [{ type, major, minor, access }] : [])),
  ];
}

/** A device file. */
interface DeviceFile {
  readonly kind: string;
  readonly major?: number;
  readonly minor?: number;
}

/** Is this a device that a step may open wherever it runs? */
export function isHarmlessDevice({ kind, major = 0, minor = 0 }: DeviceFile): boolean {
  return kind === "char" && HARMLESS_DEVICES.includes(joinDevice(major, minor));
}

/** Is this a device that every step may open where a cgroup guards it? */
export function isUsualDevice({ kind, major = 0, minor = 0 }: DeviceFile): boolean {
  return DEFAULTS.some(
    (rule) =>
      rule.access !== "m" &&
      rule.type === (kind === "char" ? "c" : "b") &&
      rule.major === major &&
      (rule.minor === undefined || rule.minor === minor),
  );
}
