/** Signatures of AWS, version 4, for requests to S3: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. Pure. */
import { createHash, createHmac } from "node:crypto";

/** Who signs, and for what. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
}

/** A request to sign. `headers`: lower-case names; those that are given are signed. */
interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** SHA-256 of the body, in hexadecimal. */
  readonly payload: string;
  readonly nowMs: number;
}

/** Headers to send, and the value of "Authorization". */
interface Signature {
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: string;
}

/** SHA-256 of no bytes. */
export const EMPTY_PAYLOAD: string = createHash("sha256").digest("hex");
const SERVICE = "s3";

/** Signs a request. */
export function signRequest(signer: Signer, { method, url, headers = {}, payload, nowMs }: Signable): Signature {
  const time = new Date(nowMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${signer.region}/${SERVICE}/aws4_request`;
  const { sessionToken } = signer;
  const added = {
    "x-amz-content-sha256": payload,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ host: url.host, ...headers, ...added }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    method,
    canonicalPath(url),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, " ")}`),
    "",
    names,
    payload,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const key = [time.slice(0, 8), signer.region, SERVICE, "aws4_request"].reduce<Buffer>(
    (last, part) => createHmac("sha256", last).update(part).digest(),
    Buffer.from(`AWS4${signer.secretAccessKey}`),
  );
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${signer.accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature}`;
  return { headers: added, authorization };
}

/** All but unreserved characters as %XX (RFC 3986). S3 wants each part of a path encoded once. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalPath({ pathname }: URL): string {
  return pathname
    .split("/")
    .map((part) => uriEncode(decodeURIComponent(part)))
    .join("/");
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join("&");
}
