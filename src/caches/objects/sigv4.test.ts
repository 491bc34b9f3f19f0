/** The signature against the examples that AWS publishes for S3 ("Examples: Signature Calculations"). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EMPTY_PAYLOAD, signRequest, uriEncode } from "./sigv4.ts";

const SIGNER = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region: "us-east-1" };
const NOW = Date.UTC(2013, 4, 24);
const HOST = "https://examplebucket.s3.amazonaws.com";

describe("signRequest()", () => {
  const rows = [
    {
      name: "G4: GET of an object",
      request: { method: "GET", url: new URL(`${HOST}/test.txt`), headers: { range: "bytes=0-9" }, payload: EMPTY_PAYLOAD },
      want: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
      name: "G4: PUT of an object",
      request: {
        method: "PUT",
        url: new URL(`${HOST}/test%24file.text`),
        headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
        payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      },
      want: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    {
      name: "G4: a query without value",
      request: { method: "GET", url: new URL(`${HOST}/?lifecycle`), payload: EMPTY_PAYLOAD },
      want: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
      name: "G4: a query with values",
      request: { method: "GET", url: new URL(`${HOST}/?max-keys=2&prefix=J`), payload: EMPTY_PAYLOAD },
      want: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ];
  for (const { name, request, want } of rows)
    it(name, () => assert.match(signRequest(SIGNER, { ...request, nowMs: NOW }).authorization, new RegExp(`Signature=${want}$`)));

  it("G4: a session token is a header that is signed", () => {
    const { headers, authorization } = signRequest(
      { ...SIGNER, sessionToken: "session" },
      { method: "GET", url: new URL(`${HOST}/a`), payload: EMPTY_PAYLOAD, nowMs: NOW },
    );
    assert.equal(headers["x-amz-security-token"], "session");
    assert.match(authorization, /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/);
  });
});

describe("uriEncode()", () => {
  it("encodes all but unreserved characters", () => assert.equal(uriEncode("a-._~:(*)/ é"), "a-._~%3A%28%2A%29%2F%20%C3%A9"));
});
