/** The smallest programs for other processors: each makes the folder "/made" by one system call, and ends. Written by hand, so tests need no compiler. */

interface Machine {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  readonly flags?: number;
  /** Hexadecimal instructions in the order of the file: mkdir(at the end of the code, 0700), exit(0). */
  readonly code: string;
}

/** By platform. */
const MACHINES: Readonly<Record<string, Machine>> = {
  // movz x8,34; movn x0,99; adr x1,+24; movz x2,448; svc; movz x8,93; movz x0,0; svc
  "linux/arm64": {
    machine: 183,
    bits: 64,
    endian: "little",
    code: "480480d2 600c8092 c1000010 023880d2 010000d4 a80b80d2 000080d2 010000d4",
  },
  // add r0,pc,20; mov r1,448; mov r7,39; svc; mov r0,0; mov r7,1; svc
  "linux/arm/v7": {
    machine: 40,
    bits: 32,
    endian: "little",
    flags: 0x5000000,
    code: "14008fe2 071da0e3 2770a0e3 000000ef 0000a0e3 0170a0e3 000000ef",
  },
  // li a7,34; li a0,-100; auipc a1,0; addi a1,a1,28; li a2,448; ecall; li a7,93; li a0,0; ecall
  "linux/riscv64": {
    machine: 243,
    bits: 64,
    endian: "little",
    code: "93082002 1305c0f9 97050000 9385c501 1306001c 73000000 9308d005 13050000 73000000",
  },
  // larl r2,+18; lghi r3,448; svc 39; lghi r2,0; svc 1
  "linux/s390x": { machine: 22, bits: 64, endian: "big", code: "c02000000009 a73901c0 0a27 a7290000 0a01" },
  // bcl 20,31,+4; mflr r3; addi r3,r3,32; li r4,448; li r0,39; sc; li r3,0; li r0,1; sc
  "linux/ppc64le": {
    machine: 21,
    bits: 64,
    endian: "little",
    flags: 2,
    code: "05009f42 a602687c 20006338 c0018038 27000038 02000044 00006038 01000038 02000044",
  },
};

const ADDRESS = 0x1_0000;

/** The platforms that there are programs for. */
export const FOREIGN_PLATFORMS: readonly string[] = Object.keys(MACHINES);

/** An ELF file (gabi chapters 4 and 5) of one segment, for a platform of `FOREIGN_PLATFORMS`. */
export function foreignProgram(platform: string): Buffer {
  const found = MACHINES[platform];
  if (found === undefined) throw new Error(`no program for ${platform}`);
  const { machine, bits, endian, flags = 0, code } = found;
  const isLittle = endian === "little";
  const number = (value: number, bytes: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (isLittle) buffer.writeUIntLE(value, 0, Math.min(bytes, 6));
    else buffer.writeUIntBE(value, bytes - Math.min(bytes, 6), Math.min(bytes, 6));
    return buffer;
  };
  const half = (value: number): Buffer => number(value, 2);
  const word = (value: number): Buffer => number(value, 4);
  const long = (value: number): Buffer => number(value, bits / 8);
  const [header, entry] = bits === 64 ? [64, 56] : [52, 32];
  const body = Buffer.concat([Buffer.from(code.replaceAll(" ", ""), "hex"), Buffer.from("/made\0")]);
  const size = header + entry + body.byteLength;
  const [type, access, start] = [word(1), word(5), long(ADDRESS)];
  const place = [long(0), start, start, long(size), long(size)];
  return Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits / 32, isLittle ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    half(2),
    half(machine),
    word(1),
    long(ADDRESS + header + entry),
    long(header),
    long(0),
    word(flags),
    half(header),
    half(entry),
    half(1),
    half(0),
    half(0),
    half(0),
    ...(bits === 64 ? [type, access, ...place, long(ADDRESS)] : [type, ...place, access, long(ADDRESS)]),
    body,
  ]);
}
