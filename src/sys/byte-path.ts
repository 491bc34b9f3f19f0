/** Paths for system calls: Linux file names are bytes, and must never be re-encoded on the way. */
import { DecantError } from "../errors.ts";
import { toBytes } from "../paths.ts";

/** Bytes, or a string with one char per byte (`fromText` makes one of user text). */
export type BytePath = Uint8Array | string;

const NUL = Buffer.alloc(1);

/** The path as a C string. Throws `PATH_ESCAPE` for a NUL byte, which would cut the path short. */
export function cString(path: BytePath): Buffer {
  const bytes = typeof path === "string" ? toBytes(path) : path;
  if (bytes.includes(0)) throw new DecantError("PATH_ESCAPE", `Cannot use path "${shown(path)}": it has a NUL byte`);
  return Buffer.concat([bytes, NUL]);
}

/** For messages. */
export function shown(path: BytePath): string {
  return Buffer.from(typeof path === "string" ? toBytes(path) : path).toString("utf8");
}
