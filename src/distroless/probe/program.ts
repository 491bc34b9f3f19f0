/**
 * A health probe as a list of steps that each kind of processor has an encoding for: connect, ask, look at the status of the answer. Everything that it knows is in
 * it, so that it needs no C library, no arguments, no files and no memory but its stack. Pure.
 */
import type { ProbeTarget } from "./target.ts";

/** Linux system calls that a probe makes. */
export type SystemCall = "socket" | "connect" | "sendto" | "recvfrom" | "setsockopt" | "write" | "exit_group";

/** An argument of a system call. "data": the address of a constant. "kept": what `keep` kept. "stack": the address of the lowest byte on the stack. */
export type Argument = number | { readonly data: string } | "kept" | "stack";

/** One step. */
export type ProbeStep =
  | { readonly do: "call"; readonly name: SystemCall; readonly args: readonly Argument[] }
  /** Keeps the result of the last call. */
  | { readonly do: "keep" }
  /** Goes to `to` when the last result is below 0, which is an error. */
  | { readonly do: "if-negative"; readonly to: string }
  /** Goes to `to` unless the last result is `value`. */
  | { readonly do: "if-not"; readonly value: number; readonly to: string }
  /** The four bytes at the lowest address of the stack, little-endian, or the one at `at`, become the last result. */
  | { readonly do: "load-four" }
  | { readonly do: "load-byte"; readonly at: number }
  /** Takes `value` from the last result, and goes to `to` when it is above `most` then, as a number without sign. */
  | { readonly do: "if-outside"; readonly value: number; readonly most: number; readonly to: string }
  | { readonly do: "label"; readonly name: string };

/** A program with its constants. */
interface ProbeProgram {
  readonly steps: readonly ProbeStep[];
  /** By names that are no labels. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  /** Bytes that it needs on the stack; a multiple of 16. */
  readonly stackBytes: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
const STDOUT = 1;
/** "HTTP/1.1 200" */
const STATUS_BYTES = 12;
const STATUS_AT = 9;
const HTTP = 0x50545448;

/**
 * The program: exit code 0 when the target accepts a connection and, with a request, answers it with a status from 200 to 399; 1 otherwise. Each wait ends
 * after `timeoutMs`. What it prints is the start of the answer, or that there is none.
 */
export function probeProgram(target: ProbeTarget, timeoutMs: number): ProbeProgram {
  const { address, request } = target;
  const data = new Map([
    ["address", socketAddress(target)],
    ["timeout", timeValue(timeoutMs)],
    ["newline", Buffer.from("\n")],
    ["no-answer", Buffer.from(`no answer from ${target.text}\n`)],
    ...(request === undefined ? [] : [["request", Buffer.from(request, "latin1")] as const]),
  ]);
  const sizeOf = (name: string): number => data.get(name)?.byteLength ?? 0;
  const steps: ProbeStep[] = [
    call("socket", address.byteLength === 4 ? AF_INET : AF_INET6, SOCK_STREAM_CLOEXEC, 0),
    { do: "if-negative", to: "failure" },
    { do: "keep" },
    call("setsockopt", "kept", SOL_SOCKET, SO_RCVTIMEO, { data: "timeout" }, sizeOf("timeout")),
    // It also ends a connect that nobody answers.
    call("setsockopt", "kept", SOL_SOCKET, SO_SNDTIMEO, { data: "timeout" }, sizeOf("timeout")),
    call("connect", "kept", { data: "address" }, sizeOf("address")),
    { do: "if-negative", to: "failure" },
    ...(request === undefined ? [] : ask(sizeOf("request"))),
    call("exit_group", 0),
    { do: "label", name: "failure" },
    call("write", STDOUT, { data: "no-answer" }, sizeOf("no-answer")),
    { do: "label", name: "unhealthy" },
    call("exit_group", 1),
  ];
  return { steps, data, stackBytes: 32 };
}

function ask(requestBytes: number): ProbeStep[] {
  return [
    call("sendto", "kept", { data: "request" }, requestBytes, MSG_NOSIGNAL, 0, 0),
    { do: "if-not", value: requestBytes, to: "failure" },
    call("recvfrom", "kept", "stack", STATUS_BYTES, MSG_WAITALL, 0, 0),
    { do: "if-not", value: STATUS_BYTES, to: "failure" },
    call("write", STDOUT, "stack", STATUS_BYTES),
    call("write", STDOUT, { data: "newline" }, 1),
    { do: "load-four" },
    { do: "if-not", value: HTTP, to: "unhealthy" },
    { do: "load-byte", at: STATUS_AT },
    // '2' or '3'
    { do: "if-outside", value: 0x32, most: 1, to: "unhealthy" },
  ];
}

function call(name: SystemCall, ...args: readonly Argument[]): ProbeStep {
  return { do: "call", name, args };
}

/** sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)). */
function socketAddress({ address, port }: ProbeTarget): Uint8Array {
  const isV4 = address.byteLength === 4;
  const bytes = Buffer.alloc(isV4 ? 16 : 28);
  bytes.writeUInt16LE(isV4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, isV4 ? 4 : 8);
  return bytes;
}

/** struct timeval of 64-bit systems. */
function timeValue(ms: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64LE(BigInt(Math.floor(ms / 1000)), 0);
  bytes.writeBigInt64LE(BigInt(Math.round((ms % 1000) * 1000)), 8);
  return bytes;
}
