import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { signedStatement, SIGN_PREDICATE, statedAnnotations, statementProblem } from "./signed-statement.ts";

const digest = sha256("image");
const hex = digest.slice("sha256:".length);
const statement = { _type: "https://in-toto.io/Statement/v1", predicateType: SIGN_PREDICATE, subject: [{ digest: { sha256: hex } }] };

const ROWS: readonly { readonly name: string; readonly payload: string; readonly want: string | undefined }[] = [
  { name: "what sign writes", payload: signedStatement(digest).toString(), want: undefined },
  {
    name: "a statement of in-toto 0.1",
    payload: JSON.stringify({ ...statement, _type: "https://in-toto.io/Statement/v0.1" }),
    want: undefined,
  },
  {
    name: "several subjects",
    payload: JSON.stringify({ ...statement, subject: [{ digest: { sha256: "00" } }, ...statement.subject] }),
    want: undefined,
  },
  { name: "no JSON", payload: "{", want: "it is no statement about an image" },
  { name: "another type", payload: JSON.stringify({ ...statement, _type: "x" }), want: "it is no statement about an image" },
  {
    name: "an attestation",
    payload: JSON.stringify({ ...statement, predicateType: "https://slsa.dev/provenance/v1" }),
    want: "it is an attestation (https://slsa.dev/provenance/v1), not a signature",
  },
  { name: "no subject", payload: JSON.stringify({ ...statement, subject: [] }), want: "it is of another image (without a digest)" },
  {
    name: "another image, with control characters",
    payload: JSON.stringify({ ...statement, subject: [{ digest: { sha256: "ab\u001b[2Jcd" } }] }),
    want: "it is of another image (sha256:ab2Jcd)",
  },
  {
    name: "the digest by another algorithm",
    payload: JSON.stringify({ ...statement, subject: [{ digest: { sha512: hex } }] }),
    want: `it is of another image (sha512:${hex})`,
  },
];

for (const { name, payload, want } of ROWS)
  test(`F4: statementProblem() of ${name}`, () => assert.equal(statementProblem(Buffer.from(payload), digest), want));

test("F4: annotations are those of the subject that is meant", () => {
  const payload = signedStatement(digest, { stage: "test" });
  assert.equal(statementProblem(payload, digest, { stage: "test" }), undefined);
  assert.equal(statementProblem(payload, digest, { stage: "live" }), "it does not say stage=live");
  assert.deepEqual(statedAnnotations(payload, digest), { stage: "test" });
  const other = { ...statement, subject: [...statement.subject, { digest: { sha256: "00" }, annotations: { stage: "live" } }] };
  assert.equal(statementProblem(Buffer.from(JSON.stringify(other)), digest, { stage: "live" }), "it does not say stage=live");
});
