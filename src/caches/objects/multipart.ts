/**
 * Objects of S3 that go in parts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html. A part that fails is sent again, not the
 * whole; several go at once. What does not end well is taken back, so that the bucket keeps no parts that nobody sees but its owner pays for.
 */
import { AT_ONCE, pool } from "../../async.ts";
import { DecantError } from "../../errors.ts";

/** What a server did with a request: its status, a header of its answer, and its body. */
export interface PartAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

/** Sends one request about the object; the query is signed like the rest. Throws `CACHE` for a status other than 200, 204 and 404. */
export type Ask = (
  method: "POST" | "PUT" | "DELETE" | "HEAD",
  options: {
    readonly query: Readonly<Record<string, string>>;
    /** Of a part, or a text. */
    readonly part?: Part;
    readonly text?: string;
  },
  signal: AbortSignal,
) => Promise<PartAnswer>;

/** A range of the object. */
export interface Part {
  readonly start: number;
  readonly length: number;
}

/** Smaller objects go at once. S3 takes no part below 5 MiB but the last. */
export const PART_BYTES: number = 16 * 1024 ** 2;
const MAX_PARTS = 10_000;
/** How long taking back may last: the build has failed, or its user waits for it to end. */
const ABORT_LIMIT_MS = 10_000;

/** The parts of an object: of the usual size, or larger ones when there would be too many. */
export function partsOf(sizeBytes: number, usualBytes: number = PART_BYTES): Part[] {
  const mebibyte = 1024 ** 2;
  const least = Math.ceil(sizeBytes / MAX_PARTS / mebibyte) * mebibyte;
  const partBytes = Math.max(usualBytes, least);
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  return Array.from({ length: count }, (_none, at) => ({
    start: at * partBytes,
    length: Math.min(partBytes, sizeBytes - at * partBytes),
  }));
}

/** Writes an object in parts. `name`: the cache, for messages. Throws `CACHE`, and the reason of `signal`. */
export async function writeInParts(ask: Ask, name: string, parts: readonly Part[], signal: AbortSignal): Promise<void> {
  const started = await ask("POST", { query: { uploads: "" } }, signal);
  const uploadId = /<UploadId>([^<&]+)<\/UploadId>/.exec(started.text)?.[1];
  if (uploadId === undefined) throw refused(name, "its server did not say under which name it takes the parts of a layer");
  try {
    const etags = await pool(
      AT_ONCE,
      parts,
      async (part, stop, at) => {
        const { etag, text } = await ask("PUT", { query: { partNumber: String(at + 1), uploadId }, part }, stop);
        // A part that is copied from an object has it in the body.
        const found = etag ?? /<ETag>([^<]+)<\/ETag>/.exec(text)?.[1];
        if (found === undefined) throw refused(name, "its server gave no tag for a part of a layer");
        return found.replaceAll("&quot;", '"');
      },
      signal,
    );
    await complete(ask, name, uploadId, etags, signal);
  } catch (error) {
    // Best effort, and not by a signal that is aborted: the failure that led here counts.
    await ask("DELETE", { query: { uploadId } }, AbortSignal.timeout(ABORT_LIMIT_MS)).catch(() => undefined);
    throw error;
  }
}

async function complete(ask: Ask, name: string, uploadId: string, etags: readonly string[], signal: AbortSignal): Promise<void> {
  const list = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`);
  const text = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join("")}</CompleteMultipartUpload>`;
  const done = await ask("POST", { query: { uploadId }, text }, signal);
  // A server that joined the parts, and whose answer got lost, does not know the upload any more.
  if (done.status === 404 && (await ask("HEAD", { query: {} }, signal)).status === 200) return;
  // S3 answers 200 before it knows whether it can.
  const problem = /<Error>[\s\S]*?<Code>([\w.]+)<\/Code>/.exec(done.text)?.[1];
  if (done.status === 404 || problem !== undefined)
    throw refused(name, `its server did not join the parts of a layer: ${problem ?? "it does not know them"}`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function refused(name: string, why: string): DecantError {
  return new DecantError("CACHE", `Cannot write to the cache "${name}": ${why}`);
}
