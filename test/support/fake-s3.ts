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
}

/** Starts one; objects are found by path style. */
export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const objects: FakeS3["objects"] = new Map();
  const server = await startServer((request) => respond(request, bucket, objects));
  return Object.assign(server, { objects });
}

function respond(request: Heard, bucket: string, objects: FakeS3["objects"]): Answer {
  const { method, headers, body, path } = request;
  if (!isSigned(request)) return refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
  if (headers["x-amz-content-sha256"] !== sha256(body).slice("sha256:".length))
    return refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match");
  const key = decodeURIComponent(path.split("?")[0] ?? "");
  if (!key.startsWith(`/${bucket}/`)) return refusal(404, "NoSuchBucket", "The specified bucket does not exist");
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
