/** A server that speaks as much of S3 as caches need, and checks signatures and digests as S3 does. */
import { sha256 } from "../../src/digest.ts";
import { signRequest, type Signer } from "../../src/caches/objects/sigv4.ts";
import type { Answer } from "./faults.ts";
import { type Heard, startServer, type TestServer } from "./server.ts";

/** The only user. */
export const S3_USER: Signer = {
  accessKeyId: "AKIATEST",
  secretAccessKey: "s3-secret-value",
  sessionToken: "s3-session-value",
  region: "eu-test-1",
};

/** A running server with one bucket. */
export interface FakeS3 extends TestServer {
  readonly objects: Map<string, { readonly bytes: Buffer; modifiedMs: number }>;
  /** Parts of objects that are neither whole nor given up, by the name of their upload. */
  readonly uploads: Map<string, Upload>;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

/** Of all parts but the last, as in S3. */
const LEAST_PART_BYTES = 5 * 1024 ** 2;

/** Starts one; objects are found by path style. */
export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const kept: Pick<FakeS3, "objects" | "uploads"> = { objects: new Map(), uploads: new Map() };
  const server = await startServer((request) => respond(request, bucket, kept));
  return Object.assign(server, kept);
}

function respond(request: Heard, bucket: string, kept: Pick<FakeS3, "objects" | "uploads">): Answer {
  const { objects } = kept;
  const { method, headers, body, path } = request;
  if (!isSigned(request)) return refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
  if (headers["x-amz-content-sha256"] !== sha256(body).slice("sha256:".length))
    return refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match");
  const key = decodeURIComponent(path.split("?")[0] ?? "");
  if (!key.startsWith(`/${bucket}/`)) return refusal(404, "NoSuchBucket", "The specified bucket does not exist");
  const query = new URL(path, "http://fake").searchParams;
  if (query.has("uploads") || query.has("uploadId")) return respondToParts(request, key, query, kept);
  const found = objects.get(key);
  if (method === "PUT") {
    const copied = headers["x-amz-copy-source"];
    if (copied === undefined) objects.set(key, { bytes: body, modifiedMs: Date.now() });
    else if (found === undefined || decodeURIComponent(copied) !== key)
      return refusal(404, "NoSuchKey", "The specified key does not exist.");
    else found.modifiedMs = Date.now();
    return {};
  }
  if (found === undefined) return refusal(404, "NoSuchKey", "The specified key does not exist.");
  const modified = { "last-modified": new Date(found.modifiedMs).toUTCString() };
  if (method === "HEAD") return { headers: modified };
  return { headers: modified, body: found.bytes };
}

/** CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload and AbortMultipartUpload. */
function respondToParts(
  { method, headers, body }: Heard,
  key: string,
  query: URLSearchParams,
  { objects, uploads }: Pick<FakeS3, "objects" | "uploads">,
): Answer {
  if (method === "POST" && query.has("uploads")) {
    const id = `upload-${uploads.size}+/=${Math.random()}`;
    uploads.set(id, { key, parts: new Map() });
    return { body: `<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` };
  }
  const id = query.get("uploadId") ?? "";
  const upload = uploads.get(id);
  if (upload?.key !== key) return refusal(404, "NoSuchUpload", "The specified upload does not exist.");
  if (method === "DELETE") {
    uploads.delete(id);
    return { status: 204 };
  }
  if (method === "PUT") {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers["x-amz-copy-source-range"] ?? "") ?? [];
    const bytes = from === undefined ? body : objects.get(key)?.bytes.subarray(Number(from), Number(to) + 1);
    if (bytes === undefined) return refusal(404, "NoSuchKey", "The specified key does not exist.");
    const etag = `"${sha256(bytes).slice(-32)}"`;
    upload.parts.set(Number(query.get("partNumber")), { bytes, etag });
    return from === undefined
      ? { headers: { etag } }
      : { body: `<?xml version="1.0"?><CopyPartResult><ETag>${etag.replaceAll('"', "&quot;")}</ETag></CopyPartResult>` };
  }
  return joined(body.toString(), upload, id, { objects, uploads });
}

function joined(list: string, { key, parts }: Upload, id: string, { objects, uploads }: Pick<FakeS3, "objects" | "uploads">): Answer {
  const wanted = [...list.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
  const found = wanted.map(([, number, etag]) => {
    const part = parts.get(Number(number));
    return part?.etag === etag?.replaceAll("&quot;", '"') ? part?.bytes : undefined;
  });
  // S3 has sent 200 by then.
  if (found.length === 0 || found.includes(undefined)) return { ...refusal(200, "InvalidPart", "A part was not found."), status: 200 };
  const bytes = found.filter((part) => part !== undefined);
  if (bytes.slice(0, -1).some(({ byteLength }) => byteLength < LEAST_PART_BYTES))
    return refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  objects.set(key, { bytes: Buffer.concat(bytes), modifiedMs: Date.now() });
  uploads.delete(id);
  return { body: '<?xml version="1.0"?><CompleteMultipartUploadResult></CompleteMultipartUploadResult>' };
}

function isSigned({ method, headers, path }: Heard): boolean {
  const { authorization = "", host = "", "x-amz-date": time = "" } = headers;
  const names = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(";") ?? [];
  const own = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
  const signed = names.filter((name) => !own.includes(name)).map((name) => [name, headers[name] ?? ""] as const);
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)?.map(Number) ?? [];
  if (year === undefined || month === undefined) return false;
  const nowMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const wanted = signRequest(S3_USER, {
    method,
    url: new URL(`http://${host}${path}`),
    headers: Object.fromEntries(signed),
    payload: headers["x-amz-content-sha256"] ?? "",
    nowMs,
  });
  return wanted.authorization === authorization && headers["x-amz-security-token"] === S3_USER.sessionToken;
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>` };
}
