import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChallenge } from "./challenge.ts";

function shown(header: string | undefined): string {
  const challenge = parseChallenge(header);
  return challenge === undefined
    ? "none"
    : [challenge.scheme, ...[...challenge.parameters].map(([key, value]) => `${key}=${value}`)].join(" ");
}

describe("parseChallenge()", () => {
  const rows: readonly { readonly name: string; readonly header: string | undefined; readonly want: string }[] = [
    {
      name: "reads a Bearer challenge",
      header: 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/a:pull,push"',
      want: "bearer realm=https://auth.docker.io/token service=registry.docker.io scope=repository:library/a:pull,push",
    },
    { name: "reads a Basic challenge", header: 'Basic realm="Registry Realm"', want: "basic realm=Registry Realm" },
    { name: "takes any case and spaces", header: 'BEARER  Realm = "x" ,  Service=y', want: "bearer realm=x service=y" },
    { name: "prefers Bearer", header: 'Basic realm="a", Bearer realm="b"', want: "bearer realm=b" },
    { name: "passes over unknown schemes", header: 'Negotiate, Digest realm="a", Basic realm="b"', want: "basic realm=b" },
    { name: "reads escapes", header: 'Bearer realm="a\\"b\\\\c"', want: 'bearer realm=a"b\\c' },
    { name: "reads a scheme alone", header: "Basic", want: "basic" },
    { name: "gives nothing for no header", header: undefined, want: "none" },
    { name: "gives nothing for an unknown scheme", header: 'Digest realm="a"', want: "none" },
    { name: "stops at a quote that is not closed", header: 'Bearer realm="a', want: "bearer" },
    { name: "gives nothing for a header that is too long", header: `Bearer realm="${"x".repeat(9000)}"`, want: "none" },
  ];
  for (const { name, header, want } of rows) it(name, () => assert.equal(shown(header), want));
});
