/** The steps of a probe as machine code of x86-64 (Intel SDM, volume 2). System calls: man 2 syscall. The last result is in eax, what is kept in ebx. Pure. */
import type { Argument, ProbeStep, SystemCall } from "./program.ts";
import type { EncodedStep } from "./encoded-step.ts";

const NUMBERS: Readonly<Record<SystemCall, number>> = {
  write: 1,
  socket: 41,
  connect: 42,
  sendto: 44,
  recvfrom: 45,
  setsockopt: 54,
  exit_group: 231,
};
/** edi, esi, edx, r10d, r8d, r9d: each as mov imm32, as mov from ebx, as mov from rsp, as lea from rip. */
const REGISTERS = [
  { immediate: [0xbf], kept: [0x89, 0xdf], stack: [0x48, 0x89, 0xe7], data: [0x48, 0x8d, 0x3d] },
  { immediate: [0xbe], kept: [0x89, 0xde], stack: [0x48, 0x89, 0xe6], data: [0x48, 0x8d, 0x35] },
  { immediate: [0xba], kept: [0x89, 0xda], stack: [0x48, 0x89, 0xe2], data: [0x48, 0x8d, 0x15] },
  { immediate: [0x41, 0xba], kept: [0x41, 0x89, 0xda], stack: [0x49, 0x89, 0xe2], data: [0x4c, 0x8d, 0x15] },
  { immediate: [0x41, 0xb8], kept: [0x41, 0x89, 0xd8], stack: [0x49, 0x89, 0xe0], data: [0x4c, 0x8d, 0x05] },
  { immediate: [0x41, 0xb9], kept: [0x41, 0x89, 0xd9], stack: [0x49, 0x89, 0xe1], data: [0x4c, 0x8d, 0x0d] },
] as const;

/** "sub rsp, BYTES" */
export function reserveX86(bytes: number): EncodedStep[] {
  return [{ bytes: [0x48, 0x83, 0xec, bytes] }];
}

/** One step. */
export function encodeX86(step: ProbeStep): EncodedStep[] {
  switch (step.do) {
    case "call":
      return [
        ...step.args.map((argument, at) => argumentOf(argument, at)),
        { bytes: [0xb8, ...little(NUMBERS[step.name])] },
        { bytes: [0x0f, 0x05] },
      ];
    case "keep":
      return [{ bytes: [0x89, 0xc3] }];
    case "if-negative":
      // test eax, eax; js
      return [{ bytes: [0x85, 0xc0] }, jump(0x88, step.to)];
    case "if-not":
      // cmp eax, imm32; jne
      return [{ bytes: [0x3d, ...little(step.value)] }, jump(0x85, step.to)];
    case "load-four":
      return [{ bytes: [0x8b, 0x04, 0x24] }];
    case "load-byte":
      return [{ bytes: [0x0f, 0xb6, 0x44, 0x24, step.at] }];
    case "if-outside":
      // sub eax, imm8; cmp eax, imm8; ja
      return [{ bytes: [0x83, 0xe8, step.value] }, { bytes: [0x83, 0xf8, step.most] }, jump(0x87, step.to)];
    case "label":
      return [{ bytes: [], label: step.name }];
  }
  return step satisfies never;
}

function argumentOf(argument: Argument, at: number): EncodedStep {
  const register = REGISTERS[at];
  if (register === undefined) throw new RangeError(`a system call has no argument ${at}`);
  if (argument === "kept") return { bytes: register.kept };
  if (argument === "stack") return { bytes: register.stack };
  if (typeof argument === "number") return { bytes: [...register.immediate, ...little(argument)] };
  return { bytes: [...register.data, 0, 0, 0, 0], refers: { to: argument.data, patch: patchRelative } };
}

function jump(condition: number, to: string): EncodedStep {
  return { bytes: [0x0f, condition, 0, 0, 0, 0], refers: { to, patch: patchRelative } };
}

/** The last four bytes are the way from the next instruction. */
function patchRelative(bytes: readonly number[], distance: number): number[] {
  return [...bytes.slice(0, -4), ...little(distance - bytes.length)];
}

function little(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}
