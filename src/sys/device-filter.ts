/**
 * A filter of device files for a cgroup of version 2: a BPF program that the kernel asks before a process of that cgroup, or of one below it,
 * opens or makes a device file (BPF_PROG_TYPE_CGROUP_DEVICE). Filters of cgroups above count as well: this one can only take away.
 */
import { closeSync } from "node:fs";
import { endianness } from "node:os";
import { unsupported } from "../errors.ts";
import { bind, check } from "./libc.ts";

/** Devices that may be used. */
export interface DeviceRule {
  readonly type: "b" | "c";
  /** Absent: any. */
  readonly major?: number;
  readonly minor?: number;
  /** Letters of "rwm": read, write, mknod. */
  readonly access: string;
}

const BPF_CALLS: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280, loong64: 280, ppc64: 361, s390x: 351 };
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
/** Filters of cgroups above and below stay. */
const BPF_F_ALLOW_MULTI = 2;
/** struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor. */
const FIELDS = { accessType: 0, major: 4, minor: 8 } as const;
const TYPES = { b: 1, c: 2 } as const;
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** Opcodes of BPF, as far as they are needed here. */
const OP = { load32: 0x61, move: 0xbf, moveConstant: 0xb7, andConstant: 0x57, shiftRight: 0x77, jumpUnless: 0x55, exit: 0x95 } as const;
const INSTRUCTION_BYTES = 8;

const LOAD = { program_type: "uint32_t", count: "uint32_t", instructions: "const void *", license: "const char *", rest: "uint8_t [24]" };
const loadCall = bind("long syscall(long number, int command, const DecantBpfLoad *attributes, unsigned int size)", {
  DecantBpfLoad: LOAD,
});
const attachCall = bind("long syscall(long number, int command, const void *attributes, unsigned int size)");

/** Lets processes of the cgroup that `cgroupFd` (its open directory) is use devices by `rules` only. Lasts as long as the cgroup. Throws `SYSCALL`. */
export function attachDeviceFilter(cgroupFd: number, rules: readonly DeviceRule[]): void {
  const number = BPF_CALLS[process.arch];
  if (number === undefined) throw unsupported(`A filter of devices on processor "${process.arch}"`);
  const instructions = deviceProgram(rules);
  const program = { program_type: BPF_PROG_TYPE_CGROUP_DEVICE, count: instructions.byteLength / INSTRUCTION_BYTES, instructions };
  const loaded = loadCall(number, BPF_PROG_LOAD, { ...program, license: "Apache-2.0", rest: new Uint8Array(24) }, 48);
  const programFd = check(loaded, "load a filter of devices");
  try {
    const attributes = Uint32Array.of(cgroupFd, programFd, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI);
    check(attachCall(number, BPF_PROG_ATTACH, attributes, attributes.byteLength), "attach a filter of devices");
  } finally {
    closeSync(programFd);
  }
}

interface Instruction {
  readonly code: number;
  readonly target: number;
  readonly source?: number;
  readonly offset?: number;
  readonly value?: number;
}

const RESULT = 0;
const CONTEXT = 1;
const TYPE = 2;
const ASKED = 3;
const MAJOR = 4;
const MINOR = 5;
const REST = 6;

/** Goes through the rules; the first one that fits says yes. */
function deviceProgram(rules: readonly DeviceRule[]): Buffer {
  const load = (target: number, offset: number): Instruction => ({ code: OP.load32, target, source: CONTEXT, offset });
  return encoded([
    load(TYPE, FIELDS.accessType),
    { code: OP.move, target: ASKED, source: TYPE },
    { code: OP.andConstant, target: TYPE, value: 0xffff },
    { code: OP.shiftRight, target: ASKED, value: 16 },
    load(MAJOR, FIELDS.major),
    load(MINOR, FIELDS.minor),
    ...rules.flatMap(ruleProgram),
    { code: OP.moveConstant, target: RESULT, value: 0 },
    { code: OP.exit, target: 0 },
  ]);
}

/** Each test jumps behind the rule when it fails. */
function ruleProgram({ type, major, minor, access }: DeviceRule): Instruction[] {
  const allowed = Array.from(access).reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0);
  const body = [
    { code: OP.jumpUnless, target: TYPE, value: TYPES[type] },
    { code: OP.move, target: REST, source: ASKED },
    { code: OP.andConstant, target: REST, value: ~allowed & 0xffff },
    { code: OP.jumpUnless, target: REST, value: 0 },
    ...(major === undefined ? [] : [{ code: OP.jumpUnless, target: MAJOR, value: major }]),
    ...(minor === undefined ? [] : [{ code: OP.jumpUnless, target: MINOR, value: minor }]),
    { code: OP.moveConstant, target: RESULT, value: 1 },
    { code: OP.exit, target: 0 },
  ];
  return body.map((each, at) => (each.code === OP.jumpUnless ? { ...each, offset: body.length - at - 1 } : each));
}

/** struct bpf_insn: u8 code, two registers of four bits, s16 offset, s32 value, in the machine's byte order. */
function encoded(instructions: readonly Instruction[]): Buffer {
  const little = endianness() === "LE";
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  for (const [number, { code, target, source = 0, offset = 0, value = 0 }] of instructions.entries()) {
    const at = number * INSTRUCTION_BYTES;
    bytes.writeUInt8(code, at);
    bytes.writeUInt8(little ? (source << 4) | target : (target << 4) | source, at + 1);
    if (little) {
      bytes.writeInt16LE(offset, at + 2);
      bytes.writeInt32LE(value, at + 4);
    } else {
      bytes.writeInt16BE(offset, at + 2);
      bytes.writeInt32BE(value, at + 4);
    }
  }
  return bytes;
}
