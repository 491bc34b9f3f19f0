/**
 * A health probe as a static ELF program of less than a kilobyte, made without a compiler: the answer to "how do I write a HEALTHCHECK in an image without shell,
 * curl and wget". Pure.
 */
import type { EncodedStep } from "./encoded-step.ts";
import { encodeArm, reserveArm } from "./encode-aarch64.ts";
import { encodeX86, reserveX86 } from "./encode-x86-64.ts";
import { probeProgram, type ProbeStep } from "./program.ts";
import type { ProbeTarget } from "./target.ts";

interface Machine {
  /** e_machine of ELF. */
  readonly code: number;
  readonly reserve: (bytes: number) => EncodedStep[];
  readonly encode: (step: ProbeStep) => EncodedStep[];
}

/** By OCI architecture. */
const MACHINES: Readonly<Record<string, Machine>> = {
  amd64: { code: 62, reserve: reserveX86, encode: encodeX86 },
  arm64: { code: 183, reserve: reserveArm, encode: encodeArm },
};
const LOAD_ADDRESS = 0x400000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SEGMENTS = 2;
const CODE_AT = HEADER_BYTES + SEGMENTS * SEGMENT_BYTES;
/** Kernels of arm64 may have pages of 64 KiB. */
const PAGE_BYTES = 0x10000;

/** Undefined for architectures that it has no encoding for. Each wait of the probe ends after `timeoutMs`. */
export function assembleProbe(target: ProbeTarget, architecture: string, timeoutMs: number): Uint8Array | undefined {
  const machine = Object.hasOwn(MACHINES, architecture) ? MACHINES[architecture] : undefined;
  if (machine === undefined) return undefined;
  const { steps, data, stackBytes } = probeProgram(target, timeoutMs);
  const code = [...machine.reserve(stackBytes), ...steps.flatMap(machine.encode)];
  const places = new Map<string, number>();
  let end = 0;
  for (const { bytes, label } of code) {
    if (label !== undefined) places.set(label, end);
    end += bytes.length;
  }
  // Constants come behind the code, each where 8 bytes begin.
  for (const [name, bytes] of data) {
    end += -end & 7;
    places.set(name, end);
    end += bytes.byteLength;
  }
  const body = Buffer.alloc(end);
  let at = 0;
  for (const { bytes, refers } of code) {
    const place = refers === undefined ? undefined : places.get(refers.to);
    body.set(refers === undefined || place === undefined ? bytes : refers.patch(bytes, place - at), at);
    at += bytes.length;
  }
  for (const [name, bytes] of data) body.set(bytes, places.get(name) ?? 0);
  return Buffer.concat([elfHeaders(machine.code, CODE_AT + end), body]);
}

/** ELF header, one segment with everything, readable and executable, and one that says that the stack is not executable (elf(5)). */
function elfHeaders(machine: number, totalBytes: number): Buffer {
  const header = Buffer.alloc(CODE_AT);
  // 64 bits, little-endian, version 1, System V.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0);
  const [EXECUTABLE, VERSION] = [2, 1];
  header.writeUInt16LE(EXECUTABLE, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(VERSION, 20);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS + CODE_AT), 24);
  header.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  header.writeUInt16LE(HEADER_BYTES, 52);
  header.writeUInt16LE(SEGMENT_BYTES, 54);
  header.writeUInt16LE(SEGMENTS, 56);
  const [LOAD, GNU_STACK] = [1, 0x6474e551];
  const [READ_EXECUTE, READ_WRITE] = [5, 6];
  const load = header.subarray(HEADER_BYTES);
  load.writeUInt32LE(LOAD, 0);
  load.writeUInt32LE(READ_EXECUTE, 4);
  load.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 16);
  load.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 24);
  load.writeBigUInt64LE(BigInt(totalBytes), 32);
  load.writeBigUInt64LE(BigInt(totalBytes), 40);
  load.writeBigUInt64LE(BigInt(PAGE_BYTES), 48);
  const stack = header.subarray(HEADER_BYTES + SEGMENT_BYTES);
  stack.writeUInt32LE(GNU_STACK, 0);
  stack.writeUInt32LE(READ_WRITE, 4);
  stack.writeBigUInt64LE(16n, 48);
  return header;
}
