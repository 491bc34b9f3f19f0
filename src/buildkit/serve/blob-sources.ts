/** `docker-image+blob://` and `oci-layout+blob://`: one blob of a registry, or of a store of the client, as a file. */
import { join } from "node:path";
import { type Digest, hexOf, isDigest } from "../../digest.ts";
import type { Session } from "../../context/index.ts";
import { blobMode, type SourceProvider } from "../../engine/index.ts";
import type { SourceOp } from "../../graph/index.ts";
import { parseReference } from "../../oci/index.ts";
import { type DataSource, layerSource, writeLayer } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { pullFile } from "../session/layouts.ts";
import { checkAttributes } from "./errors.ts";
import { type Job, sessionOf } from "./jobs.ts";
import { treePath } from "../../paths.ts";

const REFERENCE = /^(docker-image|oci-layout)\+blob:\/\/([^@]+)@(.+)$/;
const ATTRIBUTES = ["http.filename", "http.perm", "http.uid", "http.gid", "oci.session", "oci.store"];

/** The blobs of a job, with the accounts of its client. A registry is asked each time, as it knows who may have them. */
export function blobSources(session: Session, job: Job): SourceProvider {
  return {
    schemes: ["docker-image+blob", "oci-layout+blob"],
    async resolve(op, _platform, signal) {
      const [, scheme, name = "", digest = ""] = REFERENCE.exec(op.identifier) ?? [];
      if (!isDigest(digest)) throw new GrpcError(CODE.invalid, `the source "${op.identifier}" has no digest`);
      checkAttributes(op, ATTRIBUTES);
      const read = scheme === "docker-image" ? fromRegistry : fromClient;
      await using scratch = await session.store.scratch();
      const { size, data } = await read({ session, job, op, name, digest, folder: scratch.path, signal });
      // A name is one of this folder, whatever it says.
      const file = treePath((op.attrs["http.filename"] ?? "").split("/").at(-1) || hexOf(digest));
      const entry = { path: file, kind: "file", size, mtimeSec: 0, mtimeNsec: 0, ...blobMode(op) } as const;
      return { kind: "layers", layers: [layerSource(await writeLayer(session.store, [{ entry, data }], { signal }))] };
    },
  };
}

interface Wanted {
  readonly session: Session;
  readonly job: Job;
  readonly op: SourceOp;
  readonly name: string;
  readonly digest: Digest;
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface Read {
  readonly size: number;
  readonly data: DataSource;
}

async function fromRegistry({ session: { store, registry }, name, digest, signal }: Wanted): Promise<Read> {
  const client = await registry();
  const repository = parseReference(name, { defaultTag: null });
  const size = await client.blobSize(repository, digest, { signal });
  if (size === undefined) throw new GrpcError(CODE.notFound, `${name}@${digest}: not found`);
  if (store.blobs.size(digest) === undefined)
    await store.blobs.receive({ digest, size }, (kept) => client.blob(repository, { digest, size }, { kept, signal }), signal);
  return { size, data: { kind: "host", path: store.blobs.path(digest) } };
}

async function fromClient({ job, op, digest, folder, signal }: Wanted): Promise<Read> {
  const { client, signal: ends } = sessionOf(job);
  const path = join(folder, "blob");
  const store = { client, id: `oci:${op.attrs["oci.store"] ?? ""}`, signal: AbortSignal.any([ends, signal]) };
  return { size: await pullFile(store, digest, path), data: { kind: "host", path } };
}
