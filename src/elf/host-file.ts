/** ELF files of this machine. */
import { readNamedFile } from "../sys/index.ts";
import { readElfHead } from "./elf-head.ts";

/** No emulator and no init is larger. */
const MAX_BYTES = 67_108_864;

/** Is the file at `path` of this machine a program that any root can run, because it needs no loader? False where there is none. Throws what reading throws. */
export async function isStaticProgram(path: string): Promise<boolean> {
  const file = await readNamedFile({ path }, { maxBytes: MAX_BYTES });
  if (!("bytes" in file)) return false;
  const { bytes } = file;
  const head = await readElfHead({
    size: bytes.byteLength,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  });
  return head.kind === "elf" && head.elf.interpreter === undefined;
}
