import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { type AttestationFlags, parseAttestations, withoutAttestArguments } from "./attestations.ts";

const ROWS: readonly { readonly flags: Partial<AttestationFlags>; readonly want: string }[] = [
  { flags: {}, want: "{}" },
  { flags: { sbom: "true" }, want: '{"sbom":{}}' },
  { flags: { sbom: "false", provenance: "0" }, want: "{}" },
  { flags: { sbom: "files=false" }, want: '{"sbom":{"files":false}}' },
  { flags: { provenance: "true" }, want: '{"provenance":{}}' },
  {
    flags: { provenance: "mode=max,version=v0.2,builder-id=https://ci.example/1,reproducible=1" },
    want: '{"provenance":{"mode":"max","version":"v0.2","builderId":"https://ci.example/1","reproducible":true}}',
  },
  { flags: { attest: ["type=sbom", "type=provenance,mode=min"] }, want: '{"sbom":{},"provenance":{"mode":"min"}}' },
  { flags: { sbom: "true", attest: ["type=sbom,disabled=true"] }, want: "{}" },
  { flags: { provenance: "disabled=true" }, want: "{}" },
  { flags: { attest: ["type=provenance,mode=max", "type=provenance"] }, want: '{"provenance":{}}' },
  { flags: { sbom: "generator=docker/x" }, want: "UNSUPPORTED --sbom with generator=docker/x is not supported" },
  { flags: { attest: ["type=provenance,filename=a.json"] }, want: '{"provenance":{"filename":"a.json"}}' },
  { flags: { attest: ["type=provenance,inline-only=true"] }, want: '{"provenance":{"inlineOnly":true}}' },
  { flags: { sbom: "what" }, want: 'USAGE Cannot read --sbom "what": "what" has no value; wanted KEY=VALUE' },
  { flags: { sbom: "a=b" }, want: 'USAGE Cannot use --sbom with "a": there is no such attribute; wanted files' },
  { flags: { provenance: "mode=mid" }, want: "USAGE Cannot use --provenance with mode=mid: wanted mode=min or mode=max" },
  { flags: { provenance: "version=v2" }, want: "USAGE Cannot use --provenance with version=v2: wanted version=v1 or version=v0.2" },
  { flags: { provenance: "reproducible=yes" }, want: "USAGE Cannot use --provenance with reproducible=yes: wanted true or false" },
  { flags: { attest: ["mode=max"] }, want: 'USAGE Cannot use --attest "mode=max": its type is ""; wanted type=sbom or type=provenance' },
  { flags: { attest: ["type=vex"] }, want: 'USAGE Cannot use --attest "type=vex": its type is "vex"; wanted type=sbom or type=provenance' },
];

describe("parseAttestations()", () => {
  for (const { flags, want } of ROWS) {
    it(`gives ${want} for ${JSON.stringify(flags)}`, () => {
      let found: string;
      try {
        found = JSON.stringify(parseAttestations({ attest: [], ...flags }));
      } catch (error) {
        assert.ok(isDecantError(error));
        found = `${error.code} ${error.message.replace(/ yet$/, "")}`;
      }
      assert.equal(found, want);
    });
  }
});

describe("F132: withoutAttestArguments()", () => {
  const rows: readonly { readonly args: Readonly<Record<string, string>>; readonly flags?: readonly string[]; readonly want: string }[] = [
    { args: { A: "b" }, want: '{"A":"b"} {}' },
    { args: { BUILDKIT_ATTEST_PROVENANCE: "mode=max", A: "b" }, want: '{"A":"b"} {"provenance":{"mode":"max"}}' },
    { args: { BUILDKIT_ATTEST_SBOM: "" }, want: '{} {"sbom":{}}' },
    { args: { BUILDKIT_ATTEST_SBOM: "disabled=true" }, want: "{} {}" },
    { args: { BUILDKIT_ATTEST_PROVENANCE: "mode=max" }, flags: ["type=provenance,mode=min"], want: '{} {"provenance":{"mode":"min"}}' },
  ];
  for (const { args, flags = [], want } of rows)
    it(`gives ${want} for ${JSON.stringify({ args, flags })}`, () => {
      const { buildArgs, attest } = withoutAttestArguments(args);
      assert.equal(`${JSON.stringify(buildArgs)} ${JSON.stringify(parseAttestations({ attest: [...attest, ...flags] }))}`, want);
    });
  it("refuses another one", () => {
    const { attest } = withoutAttestArguments({ BUILDKIT_ATTEST_VEX: "a=b" });
    assert.throws(() => parseAttestations({ attest }), /its type is "vex"/);
  });
});
