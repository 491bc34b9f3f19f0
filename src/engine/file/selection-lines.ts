/** The lines that `--explain` compares, as bytes: as strings, those of a million files would take a gigabyte. */
import { createGrowingBytes } from "../../tree/index.ts";

/** Of more there is no list, and only that the files changed can be told. */
export const MAX_LINES_BYTES: number = 64 * 1024 * 1024;

const BATCH = 64 * 1024;

/** Lines in the making. */
interface SelectionLines {
  add(line: string): void;
  /** All of them in UTF-8, with line breaks between them; undefined when they are more than `MAX_LINES_BYTES`. Call once. */
  finish(): Uint8Array | undefined;
}

/** Starts without lines. */
export function createSelectionLines(): SelectionLines {
  /** Made when it is needed, which is not for most steps. */
  let memory: ReturnType<typeof createGrowingBytes> | undefined;
  let batch = "";
  let separator = "";
  let isFull = false;
  const write = (): void => {
    const bytes = Buffer.from(batch, "utf8");
    batch = "";
    memory ??= createGrowingBytes(MAX_LINES_BYTES);
    isFull ||= memory.size + bytes.byteLength > MAX_LINES_BYTES;
    if (isFull) memory.shrink(0);
    else bytes.copy(memory.bytes, memory.reserve(bytes.byteLength));
  };
  return {
    add(line) {
      batch += `${separator}${line}`;
      separator = "\n";
      if (batch.length > BATCH) write();
    },
    finish() {
      if (memory === undefined) return Buffer.from(batch, "utf8");
      write();
      return isFull ? undefined : memory.bytes.subarray(0, memory.size);
    },
  };
}
