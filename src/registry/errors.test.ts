import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesOf } from "../bytes.ts";
import { parseRetryAfter, safeUrl, statusError, unreachableError } from "./errors.ts";
import { isLoopback } from "./loopback.ts";
import { DEFAULT_RETRY, waitBefore } from "./retry.ts";

function response(status: number, body: string, headers: Readonly<Record<string, string>> = {}) {
  return {
    status,
    url: new URL("https://user:s3cret@ghcr.io/v2/a?token=s3cret"),
    header: (name: string) => headers[name],
    body: bytesOf(body),
  };
}

describe("statusError()", () => {
  const said = JSON.stringify({ errors: [{ code: "DENIED", message: "no \u001b[31mway\u0000" }] });
  const rows: readonly { readonly status: number; readonly body: string; readonly want: string }[] = [
    {
      status: 401,
      body: "",
      want: 'REGISTRY_AUTH: Cannot read x: registry "ghcr.io" refuses the credentials, wants some, or has no such repository (docker login ghcr.io)',
    },
    {
      status: 403,
      body: said,
      want: 'REGISTRY_DENIED: Cannot read x: registry "ghcr.io" does not allow it (DENIED: no  [31mway) (docker login ghcr.io)',
    },
    {
      status: 404,
      body: "<html>",
      want: 'IMAGE_NOT_FOUND: Cannot read x: registry "ghcr.io" has no such image (Check the name and the tag; if the image is private: docker login ghcr.io)',
    },
    {
      status: 429,
      body: "",
      want: 'REGISTRY_RATE_LIMIT: Cannot read x: registry "ghcr.io" has had too many requests (Wait, or: docker login ghcr.io)',
    },
    { status: 503, body: '{"details":"busy"}', want: 'REGISTRY: Cannot read x: registry "ghcr.io" answered 503 (busy)' },
  ];
  for (const { status, body, want } of rows) {
    it(`tells what ${status} means`, async () => {
      const error = await statusError({ action: "read x", registry: "ghcr.io", notFound: "IMAGE_NOT_FOUND" }, response(status, body));
      assert.equal(`${error.code}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`, want);
      assert.doesNotMatch(JSON.stringify(error.details), /s3cret/);
    });
  }

  it("reads no more than 64 KiB, and cuts long words", async () => {
    const attempt = { action: "read x", registry: "ghcr.io" };
    const huge = await statusError(attempt, response(500, JSON.stringify({ errors: [{ code: "X", message: "y".repeat(70_000) }] })));
    assert.equal(huge.message, 'Cannot read x: registry "ghcr.io" answered 500');
    const long = await statusError(attempt, response(500, JSON.stringify({ errors: [{ code: "X", message: "y".repeat(1000) }] })));
    assert.ok(long.message.length < 400);
  });
});

it("safeUrl() leaves out user and query", () => assert.equal(safeUrl(new URL("https://u:p@a.b/c?d=e#f")), "https://a.b/c"));

it("unreachableError() gives hints for certificates and plain HTTP", () => {
  const failed = (code: string): string | undefined =>
    unreachableError(new URL("https://a.b/"), Object.assign(new Error("x"), { code })).hint;
  assert.match(failed("DEPTH_ZERO_SELF_SIGNED_CERT") ?? "", /certs\.d\/a\.b\/ca\.crt/);
  assert.match(failed("EPROTO") ?? "", /insecure = true/);
});

describe("parseRetryAfter()", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const rows: readonly { readonly value: string | undefined; readonly want: number | undefined }[] = [
    { value: undefined, want: undefined },
    { value: "0", want: 0 },
    { value: "7", want: 7000 },
    { value: "Thu, 01 Jan 2026 00:00:05 GMT", want: 5000 },
    { value: "Wed, 31 Dec 2025 00:00:00 GMT", want: 0 },
    { value: "soon", want: undefined },
    { value: "-1e9x", want: undefined },
  ];
  for (const { value, want } of rows) it(`reads ${value}`, () => assert.equal(parseRetryAfter(value, now), want));
});

it("waitBefore() obeys Retry-After up to its bound, and gives up on what will not pass", async () => {
  const attempt = { action: "read x", registry: "a.b" };
  const wait = async (status: number, headers: Readonly<Record<string, string>> = {}): Promise<number | undefined> =>
    waitBefore({ ...DEFAULT_RETRY, baseDelayMs: 0 }, 1, await statusError(attempt, response(status, "", headers)));
  assert.equal(await wait(429, { "retry-after": "2" }), 2000);
  assert.equal(await wait(429, { "retry-after": "3600" }), undefined);
  assert.equal(await wait(503), 0);
  assert.equal(await wait(404), undefined);
  assert.equal(waitBefore(DEFAULT_RETRY, 1, new Error("x")), undefined);
});

it("isLoopback() knows this machine", () => {
  const yes = ["localhost", "localhost:5000", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:5000"];
  const no = ["127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", "notlocalhost", "[::2]:5000", "127.evil.com", "registry:5000"];
  assert.deepEqual(yes.filter(isLoopback), yes);
  assert.deepEqual(no.filter(isLoopback), []);
});
