/** Processors: their numbers in ELF files, and the names that Debian, glibc and musl have for them. */
import { normalizePlatform, type Platform } from "../oci/index.ts";
import type { ElfClass, ElfEndian, ElfFile } from "./types.ts";

/** One architecture. */
export interface ElfMachine {
  /** e_machine */
  readonly machine: number;
  readonly class: ElfClass;
  readonly endian: ElfEndian;
  /** Debian's multiarch triplet: "x86_64-linux-gnu". */
  readonly triplet: string;
  /** As in /lib/ld-musl-NAME.so.1 and /etc/ld-musl-NAME.path. */
  readonly musl: string;
  /** glibc's `$LIB` outside Debian, and the second half of its default directories: "lib64". */
  readonly lib: "lib" | "lib64";
  /** glibc's `$PLATFORM`, where it does not depend on the processor's model. */
  readonly platform: string;
  /** Where glibc's loader is looked for by programs. */
  readonly glibcLoader: string;
}

const row = (
  machine: number,
  bits: ElfClass,
  endian: ElfEndian,
  triplet: string,
  musl: string,
  lib: "lib" | "lib64",
  platform: string,
  glibcLoader: string,
): ElfMachine => ({ machine, class: bits, endian, triplet, musl, lib, platform, glibcLoader });

/** By OCI architecture, with the variant where it matters. */
const MACHINES: ReadonlyMap<string, ElfMachine> = new Map([
  ["amd64", row(62, 64, "little", "x86_64-linux-gnu", "x86_64", "lib64", "x86_64", "/lib64/ld-linux-x86-64.so.2")],
  ["386", row(3, 32, "little", "i386-linux-gnu", "i386", "lib", "i686", "/lib/ld-linux.so.2")],
  ["arm64", row(183, 64, "little", "aarch64-linux-gnu", "aarch64", "lib64", "aarch64", "/lib/ld-linux-aarch64.so.1")],
  ["arm", row(40, 32, "little", "arm-linux-gnueabihf", "armhf", "lib", "v7l", "/lib/ld-linux-armhf.so.3")],
  ["arm/v5", row(40, 32, "little", "arm-linux-gnueabi", "arm", "lib", "v5l", "/lib/ld-linux.so.3")],
  ["ppc64le", row(21, 64, "little", "powerpc64le-linux-gnu", "powerpc64le", "lib64", "power8", "/lib64/ld64.so.2")],
  ["ppc64", row(21, 64, "big", "powerpc64-linux-gnu", "powerpc64", "lib64", "power4", "/lib64/ld64.so.1")],
  ["riscv64", row(243, 64, "little", "riscv64-linux-gnu", "riscv64", "lib64", "", "/lib/ld-linux-riscv64-lp64d.so.1")],
  ["s390x", row(22, 64, "big", "s390x-linux-gnu", "s390x", "lib64", "z900", "/lib/ld64.so.1")],
  ["loong64", row(258, 64, "little", "loongarch64-linux-gnu", "loongarch64", "lib64", "", "/lib64/ld-linux-loongarch-lp64d.so.1")],
  ["mips", row(8, 32, "big", "mips-linux-gnu", "mips", "lib", "", "/lib/ld.so.1")],
  ["mipsle", row(8, 32, "little", "mipsel-linux-gnu", "mipsel", "lib", "", "/lib/ld.so.1")],
  ["mips64", row(8, 64, "big", "mips64-linux-gnuabi64", "mips64", "lib64", "", "/lib64/ld.so.1")],
  ["mips64le", row(8, 64, "little", "mips64el-linux-gnuabi64", "mips64el", "lib64", "", "/lib64/ld.so.1")],
]);

/** The architecture of a platform, or undefined for one that runs no ELF files or that we do not know. */
export function elfMachineOf(platform: Platform): ElfMachine | undefined {
  const { os, architecture, variant } = normalizePlatform(platform);
  if (os !== "linux") return undefined;
  return MACHINES.get(`${architecture}/${variant}`) ?? MACHINES.get(architecture);
}

/** Is the file for this architecture? The loader skips libraries that are not. */
export function isForMachine(file: Pick<ElfFile, "machine" | "class" | "endian">, machine: ElfMachine): boolean {
  return file.machine === machine.machine && file.class === machine.class && file.endian === machine.endian;
}

/** "amd64", or "machine 4183 (64-bit, big-endian)": for messages. */
export function machineName(file: Pick<ElfFile, "machine" | "class" | "endian">): string {
  for (const [name, machine] of MACHINES) if (isForMachine(file, machine)) return name;
  return `machine ${file.machine} (${file.class}-bit, ${file.endian}-endian)`;
}
