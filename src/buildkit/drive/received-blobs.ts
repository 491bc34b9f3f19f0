/** Blobs that a builder sends us (its content store writes to ours): what we have already is not sent. */
import { createHash, type Hash } from "node:crypto";
import { closeSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { ByteStream } from "../../bytes.ts";
import { type Digest, hexOf, isDigest } from "../../digest.ts";
import { fromText } from "../../paths.ts";
import { createEntryMaker, readData, writeAll } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { ServerCall } from "../grpc/method.ts";
import { type WriteContentRequestSchema, WriteContentResponseSchema } from "../wire/session_pb.ts";

const WRITE = 1;
const COMMIT = 2;

/** Blobs in a folder. */
export interface ReceivedBlobs {
  /** Takes one blob. Throws `GrpcError`: "already exists" for one that is here. */
  take(call: ServerCall<typeof WriteContentRequestSchema, typeof WriteContentResponseSchema>): Promise<void>;
  /** Undefined for one that did not come. */
  sizeOf(digest: Digest): number | undefined;
  open(digest: Digest): ByteStream;
}

/** `has`: what is here by other ways. `onBytes` is told of each piece. */
export function receivedBlobs(
  folder: string,
  { has, onBytes }: { readonly has: (digest: Digest) => boolean; readonly onBytes: (count: number) => void },
): ReceivedBlobs {
  let count = 0;
  const pathOf = (digest: Digest): string => join(folder, hexOf(digest));
  const sizeOf = (digest: Digest): number | undefined => statSync(pathOf(digest), { throwIfNoEntry: false })?.size;
  return {
    sizeOf,
    open: (digest) => readData({ kind: "host", path: pathOf(digest) }, sizeOf(digest) ?? 0),
    async take({ requests, send }) {
      count += 1;
      using file = openPart(join(folder, `part ${count}`));
      let expected = "";
      for await (const { action, data, expected: named, offset, total } of requests) {
        expected = named === "" ? expected : named;
        if (isDigest(expected) && (has(expected) || sizeOf(expected) !== undefined))
          throw new GrpcError(CODE.alreadyExists, `content ${expected}: already exists`);
        if (data.byteLength > 0) {
          if (offset !== BigInt(file.size)) throw new GrpcError(CODE.invalid, `a blob goes on at ${offset}, and has ${file.size} bytes`);
          file.append(data);
          onBytes(data.byteLength);
        }
        const digest = action === COMMIT ? file.digest() : "";
        if (action === COMMIT) {
          if (!isDigest(digest) || (expected !== "" && expected !== digest) || (total > 0n && total !== BigInt(file.size)))
            throw new GrpcError(CODE.precondition, `a blob is ${digest}, ${file.size} bytes, and not ${expected}, ${total} bytes`);
          file.publish(pathOf(digest));
        } else if (action > WRITE) throw new GrpcError(CODE.invalid, `a blob is written with action ${action}`);
        await send(create(WriteContentResponseSchema, { action, offset: BigInt(file.size), total, digest }));
        if (action === COMMIT) return;
      }
    },
  };
}

interface PartFile extends Disposable {
  readonly size: number;
  append(data: Uint8Array): void;
  digest(): string;
  publish(path: string): void;
}

function openPart(path: string): PartFile {
  const fd = createEntryMaker().open(fromText(path));
  const hash: Hash = createHash("sha256");
  let size = 0;
  return {
    get size() {
      return size;
    },
    append(data) {
      hash.update(data);
      writeAll(fd, data, "a blob of the builder");
      size += data.byteLength;
    },
    digest: () => `sha256:${hash.copy().digest("hex")}`,
    publish: (target) => renameSync(path, target),
    [Symbol.dispose]() {
      closeSync(fd);
      rmSync(path, { force: true });
    },
  };
}
