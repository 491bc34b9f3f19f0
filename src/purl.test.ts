import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPurl, type PurlParts } from "./purl.ts";

const ROWS: readonly { readonly parts: PurlParts; readonly want: string }[] = [
  { parts: { type: "deb", namespace: "debian", name: "attr", version: "1:2.4.47-2+b1" }, want: "pkg:deb/debian/attr@1:2.4.47-2%2Bb1" },
  { parts: { type: "deb", namespace: "debian", name: "a", version: "1~rc1" }, want: "pkg:deb/debian/a@1~rc1" },
  { parts: { type: "npm", namespace: "@angular", name: "animation", version: "12.3.1" }, want: "pkg:npm/%40angular/animation@12.3.1" },
  {
    parts: { type: "golang", namespace: "github.com/google", name: "go-cmp", version: "v0.6.0" },
    want: "pkg:golang/github.com/google/go-cmp@v0.6.0",
  },
  {
    parts: { type: "oci", name: "app", version: "sha256:ab", qualifiers: { repository_url: "ghcr.io/org/app", arch: "amd64", tag: "" } },
    want: "pkg:oci/app@sha256:ab?arch=amd64&repository_url=ghcr.io%2Forg%2Fapp",
  },
  {
    parts: { type: "docker", namespace: "localhost:5000/a", name: "app", version: "v1", qualifiers: { digest: "sha256:ab" } },
    want: "pkg:docker/localhost%3A5000/a/app@v1?digest=sha256:ab",
  },
  { parts: { type: "generic", name: "naïve (x)!*'" }, want: "pkg:generic/na%C3%AFve%20%28x%29%21%2A%27" },
];

describe("formatPurl()", () => {
  for (const { parts, want } of ROWS) it(`writes ${want}`, () => assert.equal(formatPurl(parts), want));
});
