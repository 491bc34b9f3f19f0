/** Capabilities of steps (capabilities(7)): Docker's default set, or all that this process may give. */
import { readFileSync } from "node:fs";

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
  readonly network: "host" | "none";
  readonly bounding: bigint;
}): string[] {
  const { insecure, network, bounding } = options;
  const wanted = (name: string): boolean => insecure || (DEFAULTS.has(name) && !(name === "NET_RAW" && network === "host"));
  return NAMES.filter((name, number) => wanted(name) && ((bounding >> BigInt(number)) & 1n) === 1n).map((name) => `CAP_${name}`);
}

/** Our own bounding set. */
export function boundingSet(): bigint {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return BigInt(`0x${hex}`);
}
