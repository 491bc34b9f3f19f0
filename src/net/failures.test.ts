import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cleanText, safeUrl, unreachable } from "./failures.ts";

describe("unreachable()", () => {
  const failed = (code: string, message = "x") =>
    unreachable(new URL("https://a.b/"), Object.assign(new Error(message), { code }), undefined);

  it("gives hints for certificates and for names", () => {
    assert.match(failed("DEPTH_ZERO_SELF_SIGNED_CERT").hint ?? "", /certs\.d\/a\.b\/ca\.crt/);
    assert.match(failed("ENOTFOUND").hint ?? "", /Check the name "a\.b"/);
  });

  it("knows what may pass: not a name that does not exist, nor a certificate", () => {
    const codes = ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENOTFOUND", "CERT_HAS_EXPIRED", "HPE_INVALID_CONSTANT"];
    assert.deepEqual(
      codes.filter((code) => failed(code).details["transient"]),
      ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN"],
    );
  });

  it("says in words what Node says of cut connections", () => {
    assert.equal(failed("ECONNRESET", "aborted").why, "the connection broke off in the middle of the answer");
    assert.equal(failed("ECONNRESET", "socket hang up").why, "the server closed the connection without an answer");
  });
});

it("safeUrl() leaves out user and query", () => assert.equal(safeUrl(new URL("https://u:p@a.b/c?d=e#f")), "https://a.b/c"));

it("cleanText() takes out control characters and cuts", () => {
  assert.equal(cleanText("a\u001b[31m\nb\u0000"), "a [31m b");
  assert.equal(cleanText("x".repeat(1000)).length, 301);
});
