/** Maps the file argv[2] for writing and keeps it so: each byte of standard input becomes its first byte, and is then said on standard output. */
import { openSync } from "node:fs";
import koffi from "koffi";

const [path = ""] = process.argv.slice(2);
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const mmap = koffi.load("libc.so.6").func("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)");
const address: unknown = mmap(null, 4096, PROT_READ_WRITE, MAP_SHARED, openSync(path, "r+"), 0);
for await (const chunk of process.stdin) {
  for (const byte of Buffer.from(chunk as Uint8Array)) {
    koffi.encode(address, "uint8_t", byte);
    process.stdout.write(Buffer.of(byte));
  }
}
