/**
 * The steps of a probe as machine code of AArch64 (Arm Architecture Reference Manual, C6.2). System calls: man 2 syscall. The last result is in x0, what is kept
 * in x19. Pure.
 */
import type { Argument, ProbeStep, SystemCall } from "./program.ts";
import type { EncodedStep } from "./encoded-step.ts";

const NUMBERS: Readonly<Record<SystemCall, number>> = {
  write: 64,
  exit_group: 94,
  socket: 198,
  connect: 203,
  sendto: 206,
  recvfrom: 207,
  setsockopt: 208,
};
const NUMBER_REGISTER = 8;
const SCRATCH_REGISTER = 9;
const NOT_EQUAL = 1;
const HIGHER = 8;

/** "sub sp, sp, #BYTES" */
export function reserveArm(bytes: number): EncodedStep[] {
  return [word(0xd10003ff | (bytes << 10))];
}

/** One step. */
export function encodeArm(step: ProbeStep): EncodedStep[] {
  switch (step.do) {
    case "call":
      return [
        ...step.args.flatMap((argument, at) => argumentOf(argument, at)),
        ...constant(NUMBER_REGISTER, NUMBERS[step.name]),
        word(0xd4000001),
      ];
    case "keep":
      // mov x19, x0
      return [word(0xaa0003f3)];
    case "if-negative":
      // tbnz x0, #63
      return [{ bytes: bytesOf(0xb7f80000), refers: { to: step.to, patch: patchBits(5, 14) } }];
    case "if-not":
      // cmp w0, w9; b.ne
      return [...constant(SCRATCH_REGISTER, step.value), word(0x6b09001f), branch(NOT_EQUAL, step.to)];
    case "load-four":
      // ldr w0, [sp]
      return [word(0xb94003e0)];
    case "load-byte":
      // ldrb w0, [sp, #at]
      return [word(0x394003e0 | (step.at << 10))];
    case "if-outside":
      // sub w0, w0, #value; cmp w0, #most; b.hi
      return [word(0x51000000 | (step.value << 10)), word(0x7100001f | (step.most << 10)), branch(HIGHER, step.to)];
    case "label":
      return [{ bytes: [], label: step.name }];
  }
  return step satisfies never;
}

function argumentOf(argument: Argument, register: number): EncodedStep[] {
  // mov xN, x19; mov xN, sp
  if (argument === "kept") return [word(0xaa1303e0 | register)];
  if (argument === "stack") return [word(0x910003e0 | register)];
  if (typeof argument === "number") return constant(register, argument);
  // adr xN; the lowest two bits of the distance are apart.
  const patch = (bytes: readonly number[], distance: number): number[] =>
    bytesOf(wordOf(bytes) | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5));
  return [{ bytes: bytesOf(0x10000000 | register), refers: { to: argument.data, patch } }];
}

/** movz, and movk for what is above 16 bits. */
function constant(register: number, value: number): EncodedStep[] {
  const [low, high] = [value & 0xffff, (value >>> 16) & 0xffff];
  return [word(0xd2800000 | (low << 5) | register), ...(high === 0 ? [] : [word(0xf2a00000 | (high << 5) | register)])];
}

function branch(condition: number, to: string): EncodedStep {
  return { bytes: bytesOf(0x54000000 | condition), refers: { to, patch: patchBits(5, 19) } };
}

/** Puts the distance in instructions into `width` bits from `start` on. */
function patchBits(start: number, width: number): (bytes: readonly number[], distance: number) => number[] {
  return (bytes, distance) => bytesOf(wordOf(bytes) | (((distance >> 2) & ((1 << width) - 1)) << start));
}

function word(value: number): EncodedStep {
  return { bytes: bytesOf(value) };
}

function bytesOf(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

function wordOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number {
  return a | (b << 8) | (c << 16) | (d << 24);
}
