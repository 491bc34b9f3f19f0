/** Capabilities of steps (capabilities(7)): Docker's default set, or all that this process may give. */
import { readFileSync } from "node:fs";
import { usageError } from "../../errors.ts";
import type { StepNetwork } from "./types.ts";

/** In the order of their numbers. */
const NAMES = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
  NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE
  SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
  PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/);

const DEFAULTS = new Set(
  `CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE`.split(/\s+/),
);

/**
 * What a step may have: never more than `bounding` (our own bounding set), because the runtime could not give it. On the host's network
 * there is no NET_RAW: with it, a step reads what others send over the loopback device.
 */
export function stepCapabilities(options: {
  readonly insecure: boolean;
  readonly network: StepNetwork;
  readonly bounding: bigint;
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] } | undefined;
}): string[] {
  const { insecure, network, bounding, capabilities = { add: [], drop: [] } } = options;
  const [add, drop] = [capabilities.add, capabilities.drop].map((names) => new Set(names.map(checkedCapability)));
  const usual = (name: string): boolean => DEFAULTS.has(name) && !(name === "NET_RAW" && network === "host") && drop?.has("ALL") !== true;
  const wanted = (name: string): boolean =>
    insecure || add?.has(name) === true || ((add?.has("ALL") === true || usual(name)) && drop?.has(name) !== true);
  return NAMES.filter((name, number) => wanted(name) && ((bounding >> BigInt(number)) & 1n) === 1n).map((name) => `CAP_${name}`);
}

/** "cap_net_admin" → "NET_ADMIN". Throws `USAGE` for one that does not exist. */
function checkedCapability(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if (name !== "ALL" && !NAMES.includes(name))
    throw usageError(`Cannot use capability "${text}": there is no such one`, "Write a name of capabilities(7), such as NET_ADMIN, or ALL");
  return name;
}

/** Our own bounding set. */
export function boundingSet(): bigint {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return BigInt(`0x${hex}`);
}
