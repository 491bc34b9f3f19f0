import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesOf } from "../bytes.ts";
import { networkError, statusError } from "./errors.ts";

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
      want: 'REGISTRY_AUTH: Cannot read x: registry "ghcr.io" refuses the credentials, wants some, or has no such repository (decant login ghcr.io)',
    },
    {
      status: 403,
      body: said,
      want: 'REGISTRY_DENIED: Cannot read x: registry "ghcr.io" does not allow it (DENIED: no  [31mway) (decant login ghcr.io)',
    },
    {
      status: 404,
      body: "<html>",
      want: 'IMAGE_NOT_FOUND: Cannot read x: registry "ghcr.io" has no such image (Check the name and the tag; if the image is private: decant login ghcr.io)',
    },
    {
      status: 429,
      body: "",
      want: 'REGISTRY_RATE_LIMIT: Cannot read x: registry "ghcr.io" has had too many requests (Wait, or: decant login ghcr.io)',
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

it("networkError() gives a hint for plain HTTP, and keeps the others", () => {
  const failed = (errno: string): string | undefined =>
    networkError({ kind: "unreachable", url: new URL("https://a.b/"), why: "x", hint: "own", details: { errno } }).hint;
  assert.match(failed("EPROTO") ?? "", /insecure = true/);
  assert.equal(failed("ECONNREFUSED"), "own");
});
