/** Reads a tar stream entry by entry, with back-pressure: for archives of ADD, Debian packages and images in tars. */
import type { ByteStream } from "../bytes.ts";
import type { TarParserOptions } from "./tar-parser.ts";
import { createTarParser } from "./tar-parser.ts";
import type { Entry } from "./types.ts";

/** An entry with its content. */
export interface TarItem {
  readonly entry: Entry;
  /** The file's bytes: read it before asking for the next item; what is not read is passed over. Its chunks stay valid. Empty for all but files. */
  readonly data: ByteStream;
}

/** Limits and meaning; `layer: true` turns ".wh." names into whiteouts. */
export interface ReadTarOptions extends TarParserOptions {
  readonly signal?: AbortSignal | undefined;
}

type Event =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "data"; readonly chunk: Buffer }
  | { readonly kind: "end" };

/** Gives the entries of an uncompressed tar in their order, hard links as "hardlink". Throws `TAR`, `PATH_ESCAPE`, `WHITEOUT`. */
export async function* readTar(stream: ByteStream, options: ReadTarOptions = {}): AsyncGenerator<TarItem, void, undefined> {
  let events: Event[] = [];
  let head = 0;
  const parser = createTarParser(
    {
      entry: (entry) => void events.push({ kind: "entry", entry }),
      data: (chunk) => void events.push({ kind: "data", chunk }),
      end: () => void events.push({ kind: "end" }),
    },
    options,
  );
  const source = stream[Symbol.asyncIterator]();
  let finished = false;

  /** The next event, or undefined at the end of the archive. */
  const next = async (): Promise<Event | undefined> => {
    for (;;) {
      const event = events[head];
      if (event !== undefined) {
        head += 1;
        return event;
      }
      if (finished) return undefined;
      events = [];
      head = 0;
      options.signal?.throwIfAborted();
      const result = await source.next();
      if (result.done === true) {
        finished = true;
        parser.finish();
      } else parser.push(result.value);
    }
  };

  try {
    for (let event = await next(); event !== undefined; event = await next()) {
      if (event.kind !== "entry") continue;
      const { entry } = event;
      let open = entry.kind === "file";
      const data = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        while (open) {
          const part = await next();
          if (part?.kind === "data") yield part.chunk;
          else open = false;
        }
      };
      const content = data();
      yield { entry, data: content };
      // Passes over what was not read.
      while (open) {
        const part = await next();
        open = part?.kind === "data";
      }
    }
  } finally {
    await source.return?.();
  }
}
