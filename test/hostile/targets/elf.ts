/** ELF files, caches of the loader, and what Go left in a program. */
import { parseLdCache, readElfHead } from "../../../src/elf/index.ts";
import { readElf } from "../../../src/elf/read-elf.ts";
import { formatLdCache } from "../../../src/elf/ld-cache.ts";
import { findGoInfo } from "../../../src/sbom/go-info.ts";
import { elfFile } from "../../support/elf-file.ts";
import { holds } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const FILES = [
  elfFile({ needed: ["libc.so.6", "libm.so.6"], interpreter: "/lib64/ld-linux-x86-64.so.2", runpath: ["$ORIGIN/../lib"] } as never),
  elfFile({ soname: "libx.so.1", class: 32 } as never),
  elfFile({ endian: "big" } as never),
  formatLdCache([{ soname: "libc.so.6", path: "/lib/libc.so.6", flags: 0x303 } as never], "little"),
  Buffer.concat([Buffer.from("\xff Go buildinf:\x08\x02", "latin1"), Buffer.alloc(16), Buffer.from("\x04go1.\x10path\tx\nmod\tx\tv1\t")]),
] as const;

export const ELF: Target = {
  name: "elf",
  generate: (random) => random.pick(FILES),
  async check(input) {
    let read = 0;
    const reader = {
      size: input.byteLength,
      read: (offset: number, length: number): Promise<Uint8Array> => {
        holds(Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && length <= 2 ** 27, "reads are bounded");
        read += 1;
        return Promise.resolve(input.subarray(offset, offset + length));
      },
    };
    await each(
      () => readElf(reader),
      () => readElfHead(reader),
      () => parseLdCache(input, "little"),
      () => parseLdCache(input, "big"),
      () => findGoInfo(input),
    );
    holds(read < 10_000, "a small file is read in few pieces");
  },
};
