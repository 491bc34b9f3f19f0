import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import { expandName, pullEndpoints, pushEndpoint } from "./endpoints.ts";
import { parseRegistriesConfig } from "./registries-conf.ts";
import { EMPTY_REGISTRIES } from "./testdata/support.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

const CONFIG = await parseRegistriesConfig(
  `
[[registry]]
prefix = "docker.io"
[[registry.mirror]]
location = "mirror.local:5000"
insecure = true
[[registry.mirror]]
location = "cache.example.com/hub"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.example.com"
pull-from-mirror = "tag-only"

[[registry]]
prefix = "docker.io/blocked"
blocked = true

[[registry]]
prefix = "old.example.com/team"
location = "new.example.com/deep/team"
insecure = true

[[registry]]
prefix = "quay.io/pinned/app"
location = "quay.io/other/thing"
mirror-by-digest-only = true
[[registry.mirror]]
location = "pinned.example.com/copy"

[[registry]]
prefix = "*.corp.example"
insecure = true

[[registry]]
prefix = "*.wild.example"
location = "one.example/all"

[aliases]
fedora = "registry.fedoraproject.org/fedora"
"team/app" = "quay.io/team/app"
`,
  "registries.conf",
);

function pull(name: string): string[] {
  return pullEndpoints(parseReference(name), CONFIG).map(
    ({ host, repository, insecure, mirror }) => `${host}/${repository}${insecure ? " insecure" : ""}${mirror ? " mirror" : ""}`,
  );
}

describe("pullEndpoints()", () => {
  const rows: readonly { readonly name: string; readonly image: string; readonly want: readonly string[] }[] = [
    { name: "goes straight without an entry", image: "ghcr.io/a/b", want: ["ghcr.io/a/b"] },
    {
      name: "asks mirrors in order, those for tags",
      image: "ubuntu:22.04",
      want: [
        "mirror.local:5000/library/ubuntu insecure mirror",
        "tags.example.com/library/ubuntu mirror",
        "registry-1.docker.io/library/ubuntu",
      ],
    },
    {
      name: "asks mirrors in order, those for digests",
      image: `ubuntu@${DIGEST}`,
      want: [
        "mirror.local:5000/library/ubuntu insecure mirror",
        "cache.example.com/hub/library/ubuntu mirror",
        "registry-1.docker.io/library/ubuntu",
      ],
    },
    { name: "rewrites a prefix", image: "old.example.com/team/app:v1", want: ["new.example.com/deep/team/app insecure"] },
    { name: "leaves a longer name alone", image: "old.example.com/team2/app", want: ["old.example.com/team2/app"] },
    { name: "leaves mirrors out for tags when they are for digests only", image: "quay.io/pinned/app:v1", want: ["quay.io/other/thing"] },
    {
      name: "asks them for digests",
      image: `quay.io/pinned/app@${DIGEST}`,
      want: ["pinned.example.com/copy mirror", "quay.io/other/thing"],
    },
    { name: "matches any host below a wildcard", image: "a.b.corp.example/x/y", want: ["a.b.corp.example/x/y insecure"] },
    { name: "does not match the wildcard's own host", image: "corp.example/x/y", want: ["corp.example/x/y"] },
    { name: "does not match a wildcard inside of the path", image: "ghcr.io/x.corp.example/y", want: ["ghcr.io/x.corp.example/y"] },
    { name: "rewrites the whole host of a wildcard", image: "a.wild.example/x:v1", want: ["one.example/all/x"] },
  ];
  for (const { name, image, want } of rows) it(name, () => assert.deepEqual(pull(image), want));

  it("refuses a blocked registry and tells where it is blocked", () => {
    assert.throws(
      () => pull("blocked/app"),
      (error) => isDecantError(error, "REGISTRY_DENIED") && error.message.includes('blocked by "registries.conf:14"'),
    );
  });
});

describe("pushEndpoint()", () => {
  const rows: readonly { readonly name: string; readonly image: string; readonly want: string }[] = [
    { name: "goes to Docker Hub, not to its mirror", image: "owner/app", want: "registry-1.docker.io/owner/app false" },
    { name: "is not rewritten, but may be insecure", image: "old.example.com/team/app", want: "old.example.com/team/app true" },
  ];
  for (const { name, image, want } of rows) {
    it(name, () => {
      const { host, repository, insecure } = pushEndpoint(parseReference(image), CONFIG);
      assert.equal(`${host}/${repository} ${insecure}`, want);
    });
  }
  it("refuses a blocked registry", () => {
    assert.throws(
      () => pushEndpoint(parseReference("blocked/app"), CONFIG),
      (error) => isDecantError(error, "REGISTRY_DENIED"),
    );
  });
});

describe("expandName()", () => {
  const rows: readonly { readonly name: string; readonly want: string }[] = [
    { name: "ubuntu", want: "docker.io/library/ubuntu:latest" },
    { name: "fedora", want: "registry.fedoraproject.org/fedora:latest" },
    { name: "fedora:42", want: "registry.fedoraproject.org/fedora:42" },
    { name: `fedora@${DIGEST}`, want: `registry.fedoraproject.org/fedora@${DIGEST}` },
    { name: "team/app:1", want: "quay.io/team/app:1" },
    { name: "docker.io/library/fedora", want: "docker.io/library/fedora:latest" },
    { name: "fedora/fedora", want: "docker.io/fedora/fedora:latest" },
  ];
  for (const { name, want } of rows) it(`reads "${name}" as ${want}`, () => assert.equal(formatReference(expandName(name, CONFIG)), want));
  it("knows docker.io only, without aliases", () => {
    assert.equal(formatReference(expandName("fedora", EMPTY_REGISTRIES)), "docker.io/library/fedora:latest");
  });
});
