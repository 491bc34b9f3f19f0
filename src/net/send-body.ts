/** Writes the body of an upload: as fast as the connection takes it, exactly as many bytes as announced, never more than a chunk in memory. */
import type { ClientRequest } from "node:http";
import type { ByteStream } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import type { Meter } from "./meter.ts";

/** The body of a request: `open` is called for every attempt and redirect. */
export interface RequestBody {
  readonly size: number;
  readonly open: () => ByteStream;
}

/** An upload under way. */
interface Sending {
  /** Settles when all is written, or when the server answered before; rejects with the error of the source. */
  readonly done: Promise<void>;
  /** The error of the source, as opposed to one of the connection. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** Starts writing `body` to `outgoing`; `meter` measures the waits for the connection. */
export function sendBody(outgoing: ClientRequest, body: RequestBody, meter: Meter): Sending {
  let failure: Sending["failure"];
  // After an early answer ("413") or a broken connection nobody wants the rest.
  let over = false;
  let wake = (): void => {};
  const end = (): void => {
    over = true;
    wake();
  };
  outgoing.once("response", (message) => {
    end();
    // Node keeps the connection of an unfinished request open for ever.
    message.once("end", () => void (outgoing.writableFinished || outgoing.destroy()));
  });
  outgoing.once("close", end);
  outgoing.on("drain", () => wake());
  const drained = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    if (!over && outgoing.writableNeedDrain) await promise;
  };
  const pump = async (): Promise<void> => {
    let sentBytes = 0;
    for await (const chunk of body.open()) {
      if (over) return;
      sentBytes += chunk.byteLength;
      if (sentBytes > body.size) throw wrongLength(body, sentBytes);
      if (!outgoing.write(chunk)) {
        meter.waiting();
        await drained();
      }
      meter.moved(chunk.byteLength);
    }
    if (over) return;
    if (sentBytes < body.size) throw wrongLength(body, sentBytes);
    outgoing.end();
  };
  const done = pump().catch((error: unknown) => {
    failure = { error };
    throw error;
  });
  return {
    done,
    get failure() {
      return failure;
    },
  };
}

function wrongLength(body: RequestBody, sentBytes: number): DecantError {
  return new DecantError("BLOB_SIZE", `Cannot upload blob: its source gave ${sentBytes} bytes; its descriptor says ${body.size}`, {
    details: { expectedSize: body.size, actualSize: sentBytes },
  });
}
