/**
 * Intel's ISA-L (libisal.so.2, Debian's libisal2), where the host has it: deflates three times as fast as zlib and inflates twice as fast. Its structures
 * are not described by the library itself, so their layout is proved by a round trip before it is used; when that fails, there is no ISA-L.
 */
import { promisify } from "node:util";
import { InternalError } from "../errors.ts";
import { koffi } from "./libc.ts";

/** The library. Its calls run on threads. */
export interface Isal {
  /**
   * Deflates a block, so that others can follow it: it ends at a byte, without an end mark (a full flush). Levels are 0 to 3. The bytes may differ between
   * kinds of processors.
   */
  deflateBlock(block: Buffer, level: number): Promise<Buffer>;
  /** Starts to inflate raw deflate data (RFC 1951). */
  startInflate(): IsalInflate;
}

/** Data on its way. */
export interface IsalInflate {
  /** All that a piece becomes, in buffers of the caller. Throws `IsalDamage` after what came before the damage. */
  feed(piece: Buffer): AsyncGenerator<Buffer, void, undefined>;
  /** The data has ended, after `usedBytes` of the last piece. */
  readonly isDone: boolean;
  readonly usedBytes: number;
}

/** What cannot be inflated. */
export class IsalDamage extends Error {}

type Call = (stream: Buffer) => Promise<number>;

/** struct isal_zstream of igzip_lib.h. */
const DEFLATE = { nextIn: 0, availIn: 8, nextOut: 16, availOut: 24, totalOut: 28, level: 40, levelSize: 44, levelBuffer: 48, flush: 58 };
/** struct inflate_state; the state of the block lies behind two tables of codes. */
const INFLATE = { nextOut: 0, availOut: 8, nextIn: 16, availIn: 32, bitsRead: 36, blockState: 21160 };
/** More than any version of these structures needs. */
const STATE_BYTES = 512 * 1024;
/** Fixed, because it decides what is found. */
const LEVEL_BYTES = 4 * 1024 * 1024;
const FULL_FLUSH = 2;
const FINISHED = 5;
const OUTPUT_BYTES = 256 * 1024;

let found: { readonly isal: Isal | undefined } | undefined;

/** The library of this host; undefined where there is none that works, or DECANT_ISAL in `env` is "off". */
export async function findIsal(env: NodeJS.ProcessEnv = process.env): Promise<Isal | undefined> {
  if (env["DECANT_ISAL"] === "off") return undefined;
  if (found !== undefined) return found.isal;
  let isal: Isal | undefined;
  try {
    isal = loadIsal();
    if (!(await works(isal))) isal = undefined;
  } catch {
    isal = undefined;
  }
  found = { isal };
  return isal;
}

function loadIsal(): Isal {
  const library = koffi().load("libisal.so.2");
  const asyncCall = (prototype: string): Call => {
    const bound = library.func(prototype);
    return promisify((stream: Buffer, done: (error: unknown, result: number) => void) => bound.async(stream, done)) as Call;
  };
  const startDeflate = library.func("void isal_deflate_stateless_init(void *stream)");
  const deflate = asyncCall("int isal_deflate_stateless(void *stream)");
  const startInflate = library.func("void isal_inflate_init(void *state)");
  const inflate = asyncCall("int isal_inflate(void *state)");
  /** What finished calls leave for the next. */
  const idle: DeflateState[] = [];
  return {
    async deflateBlock(block, level) {
      const state = idle.pop() ?? { stream: Buffer.alloc(STATE_BYTES), scratch: Buffer.alloc(LEVEL_BYTES) };
      startDeflate(state.stream);
      const packed = await deflateWith(state, block, level, deflate);
      idle.push(state);
      return packed;
    },
    startInflate: () => {
      const state = Buffer.alloc(STATE_BYTES);
      startInflate(state);
      return createInflate(state, inflate);
    },
  };
}

interface DeflateState {
  readonly stream: Buffer;
  readonly scratch: Buffer;
}

async function deflateWith({ stream, scratch }: DeflateState, block: Buffer, level: number, deflate: Call): Promise<Buffer> {
  // What does not shrink is stored, with five bytes for each 64 KiB.
  const out = Buffer.allocUnsafeSlow(block.byteLength + Math.ceil(block.byteLength / 1024) + 1024);
  writeAddress(stream, DEFLATE.nextIn, block);
  stream.writeUInt32LE(block.byteLength, DEFLATE.availIn);
  writeAddress(stream, DEFLATE.nextOut, out);
  stream.writeUInt32LE(out.byteLength, DEFLATE.availOut);
  stream.writeUInt32LE(level, DEFLATE.level);
  stream.writeUInt32LE(scratch.byteLength, DEFLATE.levelSize);
  writeAddress(stream, DEFLATE.levelBuffer, scratch);
  stream.writeUInt16LE(FULL_FLUSH, DEFLATE.flush);
  const result = await deflate(stream);
  if (result !== 0 || stream.readUInt32LE(DEFLATE.availIn) !== 0) throw new InternalError(`isal_deflate_stateless gave ${result}`);
  return out.subarray(0, stream.readUInt32LE(DEFLATE.totalOut));
}

function createInflate(state: Buffer, inflate: Call): IsalInflate {
  let usedBytes = 0;
  let isDone = false;
  return {
    async *feed(piece) {
      writeAddress(state, INFLATE.nextIn, piece);
      state.writeUInt32LE(piece.byteLength, INFLATE.availIn);
      while (!isDone) {
        const out = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
        writeAddress(state, INFLATE.nextOut, out);
        state.writeUInt32LE(out.byteLength, INFLATE.availOut);
        const result = await inflate(state);
        const length = out.byteLength - state.readUInt32LE(INFLATE.availOut);
        if (length > 0) yield out.subarray(0, length);
        if (result < 0) throw new IsalDamage();
        isDone = state.readInt32LE(INFLATE.blockState) === FINISHED;
        if (length < out.byteLength && state.readUInt32LE(INFLATE.availIn) === 0) break;
      }
      usedBytes = piece.byteLength - state.readUInt32LE(INFLATE.availIn);
      // Whole bytes that were read ahead belong to what follows.
      if (isDone) usedBytes -= state.readInt32LE(INFLATE.bitsRead) >> 3;
    },
    get isDone() {
      return isDone;
    },
    get usedBytes() {
      return usedBytes;
    },
  };
}

function writeAddress(struct: Buffer, at: number, target: Buffer): void {
  struct.writeBigUInt64LE(BigInt(koffi().address(target)), at);
}

/** A round trip over several pieces, with something behind the end. */
async function works(isal: Isal): Promise<boolean> {
  const plain = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * at) >> 7));
  const packed = await isal.deflateBlock(plain, 3);
  const whole = Buffer.concat([packed, Buffer.from([3, 0]), Buffer.alloc(20, 0xa5)]);
  const inflate = isal.startInflate();
  const chunks: Buffer[] = [];
  const cut = packed.byteLength >> 1;
  for (const piece of [whole.subarray(0, cut), whole.subarray(cut)]) for await (const chunk of inflate.feed(piece)) chunks.push(chunk);
  return inflate.isDone && inflate.usedBytes === packed.byteLength + 2 - cut && Buffer.concat(chunks).equals(plain);
}
