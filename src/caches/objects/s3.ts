/** A cache in a bucket of S3, or of a server that speaks its protocol (F101). Options as in BuildKit. */
import { createHash } from "node:crypto";
import { bytesOf, type ByteStream, collect } from "../../bytes.ts";
import { hexOf, sha256 } from "../../digest.ts";
import { usageError } from "../../errors.ts";
import type { ArtifactObjects } from "../../image/index.ts";
import { createAuthority, hiding, type Network } from "../../net/index.ts";
import type { Descriptor } from "../../oci/index.ts";
import { MAX_MANIFEST_BYTES } from "../document.ts";
import type { S3Place } from "../types.ts";
import { type Ask, PART_BYTES, type Part, partsOf, writeInParts } from "./multipart.ts";
import { createService, type ServiceRequest } from "./service.ts";
import { EMPTY_PAYLOAD, type Signer, signRequest, uriEncode } from "./sigv4.ts";

/** What services here work with. */
export interface ServiceSurroundings {
  readonly network: Network;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** BuildKit's caches of the same prefix stay as they are. */
const DEFAULT_NAME = "decant";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Of one PUT that copies an object. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;
const COPY_PART_BYTES = 512 * 1024 ** 2;
const MAX_ANSWER_BYTES = 1024 ** 2;

/** Opens the cache; asks nothing yet. Throws `USAGE` where region, bucket or credentials are missing. */
export function s3Objects(place: S3Place, { network, env }: ServiceSurroundings): ArtifactObjects {
  const { prefix = "", blobsPrefix = "blobs/", manifestsPrefix = "manifests/", touchRefreshMs = DAY_MS } = place;
  const [artifact = "", ...more] = (place.name ?? DEFAULT_NAME).split(";").filter((name) => name !== "");
  const bucket = place.bucket ?? wanted(env["AWS_BUCKET"], "bucket", "AWS_BUCKET");
  const signer = signerOf(place, env);
  const addressOf = addresses(place, bucket, signer.region);
  const secrets = [signer.secretAccessKey, signer.sessionToken ?? ""];
  const name = `s3://${bucket}/${prefix}${manifestsPrefix}${artifact}`;
  const service = createService(network, { name, hide: hiding(secrets) });
  const keyOf = ({ digest }: Descriptor): string => `${prefix}${blobsPrefix}${digest}`;

  /** A request for an object, signed when it is sent. `payload`: SHA-256 of its body. `sent`: headers that are signed, too. */
  const request = (
    method: ServiceRequest["method"],
    key: string,
    options: Pick<ServiceRequest, "takes" | "body"> & {
      readonly payload?: string;
      readonly sent?: Readonly<Record<string, string>> | undefined;
      readonly query?: Readonly<Record<string, string>>;
    },
  ): ServiceRequest => {
    const { payload = EMPTY_PAYLOAD, sent, query = {}, ...rest } = options;
    const url = addressOf(key);
    for (const [word, value] of Object.entries(query)) url.searchParams.set(word, value);
    return {
      ...rest,
      method,
      url,
      does: `${method === "GET" || method === "HEAD" ? "read" : "write"} "${key}"`,
      headers: sent,
      authority() {
        const { authorization, headers } = signRequest(signer, { method, url, payload, nowMs: Date.now(), headers: sent });
        return { authority: createAuthority(url, authorization, secrets), headers };
      },
    };
  };
  const put = async (key: string, bytes: Buffer, signal: AbortSignal): Promise<void> => {
    const body = { size: bytes.byteLength, open: () => bytesOf(bytes) };
    await service.ask(request("PUT", key, { takes: [200], body, payload: hexOf(sha256(bytes)) }), discard, signal);
  };
  /** Requests about one object that goes in parts. Without `open`, its parts are those that it has: it is copied onto itself. */
  const asker = (key: string, open?: Ranges): Ask => {
    return async (method, { query, part, text = "" }, signal) => {
      const copied = part !== undefined && open === undefined ? part : undefined;
      const sent = copied === undefined ? undefined : { "x-amz-copy-source": copySource(key), "x-amz-copy-source-range": rangeOf(copied) };
      const bytes = { size: Buffer.byteLength(text), open: () => bytesOf(text) };
      const body = part === undefined ? (text === "" ? undefined : bytes) : open === undefined ? undefined : sized(part, open.sent);
      const payload = part === undefined ? hexOf(sha256(Buffer.from(text))) : open === undefined ? EMPTY_PAYLOAD : await hashed(part, open);
      return await service.ask(
        request(method, key, { takes: part === undefined ? [200, 204, 404] : [200], query, sent, body, payload }),
        async (response) => ({
          status: response.status,
          etag: response.header("etag"),
          text: String(await collect(response.body, MAX_ANSWER_BYTES, "answer of S3")),
        }),
        signal,
      );
    };
  };
  const copySource = (key: string): string => `/${uriEncode(bucket)}/${key.split("/").map(uriEncode).join("/")}`;
  return {
    name,
    ...(place.uploadParallelism === undefined ? {} : { atOnce: place.uploadParallelism }),
    manifest: (signal) =>
      service.ask(
        request("GET", `${prefix}${manifestsPrefix}${artifact}`, { takes: [200, 404] }),
        async (response) => {
          if (response.status === 200) return await collect(response.body, MAX_MANIFEST_BYTES, "manifest of a cache");
          response.discard();
          return undefined;
        },
        signal,
      ),
    async setManifest(bytes, signal) {
      for (const each of [...more, artifact]) await put(`${prefix}${manifestsPrefix}${each}`, bytes, signal);
      return false;
    },
    async has(blob, signal) {
      const key = keyOf(blob);
      const age = await service.ask(
        request("HEAD", key, { takes: [200, 404] }),
        async (response) => {
          response.discard();
          if (response.status === 404) return undefined;
          const modified = Date.parse(response.header("last-modified") ?? "");
          return Number.isNaN(modified) ? 0 : Date.now() - modified;
        },
        signal,
      );
      // Buckets may drop what is old: an object that is copied onto itself is new.
      if (age !== undefined && age >= touchRefreshMs) {
        if (blob.size > MAX_COPY_BYTES) await writeInParts(asker(key), name, partsOf(blob.size, COPY_PART_BYTES), signal);
        else {
          const sent = { "x-amz-copy-source": copySource(key), "x-amz-metadata-directive": "REPLACE" };
          await service.ask(request("PUT", key, { takes: [200], sent }), discard, signal);
        }
      }
      return age !== undefined;
    },
    open: (blob, { signal, onProgress }) => counted(service.stream(request("GET", keyOf(blob), { takes: [200] }), signal), onProgress),
    async put(blob, open, { signal, onProgress }) {
      if (blob.size > PART_BYTES) {
        const ask = asker(keyOf(blob), inRanges(open, onProgress));
        return await writeInParts(ask, name, partsOf(blob.size), signal);
      }
      const body = { size: blob.size, open: () => counted(open(0, blob.size), onProgress) };
      await service.ask(request("PUT", keyOf(blob), { takes: [200], body, payload: hexOf(blob.digest) }), discard, signal);
    },
  };
}

async function discard(response: { discard(): void }): Promise<void> {
  response.discard();
}

/** How the bytes of an object are read: to hash a part, and to send it. */
interface Ranges {
  readonly hashed: (start: number, length: number) => ByteStream;
  readonly sent: (start: number, length: number) => ByteStream;
}

/** Tells how much of all parts is through. A part that is sent again counts once. */
function inRanges(open: Ranges["hashed"], onProgress: (bytes: number) => void): Ranges {
  const through = new Map<number, number>();
  let sum = 0;
  const at = (start: number) => (bytes: number) => {
    sum += bytes - (through.get(start) ?? 0);
    through.set(start, bytes);
    onProgress(sum);
  };
  return { hashed: open, sent: (start, length) => counted(open(start, length), at(start)) };
}

function sized({ start, length }: Part, open: Ranges["sent"]): ServiceRequest["body"] {
  return { size: length, open: () => open(start, length) };
}

/** Signatures have the digest of a part before its first byte goes, so it is read twice: that costs no memory. */
async function hashed({ start, length }: Part, { hashed: open }: Ranges): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of open(start, length)) hash.update(chunk);
  return hash.digest("hex");
}

function rangeOf({ start, length }: Part): string {
  return `bytes=${start}-${start + length - 1}`;
}

/** A stream that tells how much of it is through. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    onProgress(bytes);
    yield chunk;
  }
}

/** Where an object is: below the bucket's own host name, or with `usePathStyle` below its path. */
function addresses({ endpointUrl, usePathStyle = false }: S3Place, bucket: string, region: string): (key: string) => URL {
  const base = URL.parse(endpointUrl ?? `https://s3.${region}.amazonaws.com`);
  if (base === null || !/^https?:$/.test(base.protocol) || base.username !== "" || base.password !== "")
    throw usageError("Cannot use the cache type=s3: endpoint_url is no URL of http or https without credentials");
  const path = base.pathname.replace(/\/+$/, "");
  const host = usePathStyle ? base.host : `${bucket}.${base.host}`;
  return (key) => {
    const parts = [...(usePathStyle ? [bucket] : []), ...key.split("/")].map(uriEncode);
    return new URL(`${base.protocol}//${host}${path}/${parts.join("/")}`);
  };
}

function signerOf(place: S3Place, env: ServiceSurroundings["env"]): Signer {
  const { accessKeyId, secretAccessKey, sessionToken } = place;
  const own = accessKeyId !== undefined || secretAccessKey !== undefined;
  const region = place.region ?? wanted(env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"], "region", "AWS_REGION");
  return {
    region,
    accessKeyId: wanted(own ? accessKeyId : env["AWS_ACCESS_KEY_ID"], "access_key_id", "AWS_ACCESS_KEY_ID"),
    secretAccessKey: wanted(own ? secretAccessKey : env["AWS_SECRET_ACCESS_KEY"], "secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    sessionToken: own ? sessionToken : (sessionToken ?? env["AWS_SESSION_TOKEN"]),
  };
}

function wanted(value: string | undefined, option: string, variable: string): string {
  if (value !== undefined && value !== "") return value;
  throw usageError(`Cannot use the cache type=s3: it has no ${option}`, `Give ${option}=…, or set ${variable} in the environment`);
}
