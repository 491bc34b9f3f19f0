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
    {
      status: 503,
      body: '{"details":"busy"}',
      want: 'REGISTRY: Cannot read x: registry "ghcr.io" answered 503 (busy) (The registry has a failure of its own: try again later)',
    },
  ];
  for (const { status, body, want } of rows) {
    it(`tells what ${status} means`, async () => {
      const error = await statusError({ action: "read x", registry: "ghcr.io", notFound: "IMAGE_NOT_FOUND" }, response(status, body));
      assert.equal(`${error.code}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`, want);
      assert.doesNotMatch(JSON.stringify(error.details), /s3cret/);
    });
  }

  const hints: readonly { readonly name: string; readonly status: number; readonly said: string; readonly hint: RegExp }[] = [
    {
      name: "Harbor's immutable tag",
      status: 412,
      said: "PRECONDITION: Failed to process request due to 'app:v1' configured as immutable.",
      hint: /another tag/,
    },
    {
      name: "ECR's immutable tag",
      status: 400,
      said: "TAG_INVALID: The image tag 'v1' already exists … because the repository is immutable.",
      hint: /another tag/,
    },
    { name: "Nexus's", status: 400, said: "UNKNOWN: Repository does not allow updating assets: docker", hint: /another tag/ },
    {
      name: "a full project",
      status: 403,
      said: "DENIED: adding 5 MiB of storage resource, which when updated will exceed the configured quota",
      hint: /more room/,
    },
    {
      name: "a repository that must be made first",
      status: 404,
      said: "NAME_UNKNOWN: The repository with name 'app' does not exist",
      hint: /Create the repository/,
    },
    { name: "a name that breaks its rules", status: 400, said: "NAME_INVALID: invalid repository name", hint: /rules of its own/ },
    { name: "a manifest that it does not know", status: 400, said: "MANIFEST_INVALID: manifest invalid", hint: /--provenance=false/ },
    { name: "a proxy's limit", status: 413, said: "", hint: /client_max_body_size/ },
    { name: "a failure of its own", status: 500, said: "UNKNOWN: unknown error", hint: /try again later/ },
  ];
  for (const { name, status, said: words, hint } of hints) {
    it(`F.3: says what helps with ${name}`, async () => {
      const [code = "", ...message] = words.split(": ");
      const body = JSON.stringify({ errors: [{ code, message: message.join(": ") }] });
      const error = await statusError({ action: "push x", registry: "ghcr.io" }, response(status, body));
      assert.match(error.hint ?? "", hint);
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
