/** Takes a big text apart while it streams: what is not wanted of it is never cut out. */
import type { ByteStream } from "../bytes.ts";
import { fromBytes } from "../paths.ts";

/** How the text is parted. */
interface PartsOptions {
  /** What stands between two parts. */
  readonly separator: string;
  readonly maxPartBytes: number;
  /** Makes the error of a part with more. */
  readonly tooLong: (maxPartBytes: number) => Error;
}

/** Calls `read` with the place of each part, the last one included, and gives what it gives; undefined is passed over. */
export async function* scanParts<Part>(
  source: ByteStream,
  { separator, maxPartBytes, tooLong }: PartsOptions,
  read: (text: string, start: number, end: number) => Part | undefined,
): AsyncGenerator<Part, void, undefined> {
  // latin1 keeps one char per byte, so that a chunk may end inside a UTF-8 sequence.
  let rest = "";
  for await (const chunk of source) {
    const text = rest + fromBytes(chunk);
    let start = 0;
    for (let end = text.indexOf(separator); end >= 0; end = text.indexOf(separator, start)) {
      const part = read(text, start, end);
      if (part !== undefined) yield part;
      start = end + separator.length;
    }
    rest = text.slice(start);
    if (rest.length > maxPartBytes) throw tooLong(maxPartBytes);
  }
  const last = read(rest, 0, rest.length);
  if (last !== undefined) yield last;
}
