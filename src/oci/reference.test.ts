import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { atDigest, familiarName, formatFamiliar, formatReference, hasRegistry, parseReference } from "./reference.ts";
import { parseDigest } from "../digest.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST = `sha256:${HEX}`;

describe("parseReference()", () => {
  const rows: readonly { readonly input: string; readonly canonical: string; readonly familiar: string }[] = [
    { input: "ubuntu", canonical: "docker.io/library/ubuntu:latest", familiar: "ubuntu:latest" },
    { input: "ubuntu:22.04", canonical: "docker.io/library/ubuntu:22.04", familiar: "ubuntu:22.04" },
    { input: "owner/app", canonical: "docker.io/owner/app:latest", familiar: "owner/app:latest" },
    { input: "docker.io/ubuntu", canonical: "docker.io/library/ubuntu:latest", familiar: "ubuntu:latest" },
    { input: "index.docker.io/library/ubuntu", canonical: "docker.io/library/ubuntu:latest", familiar: "ubuntu:latest" },
    { input: "ghcr.io/owner/app:v1", canonical: "ghcr.io/owner/app:v1", familiar: "ghcr.io/owner/app:v1" },
    { input: "localhost/app", canonical: "localhost/app:latest", familiar: "localhost/app:latest" },
    { input: "localhost:5000/app", canonical: "localhost:5000/app:latest", familiar: "localhost:5000/app:latest" },
    { input: "foo:5000", canonical: "docker.io/library/foo:5000", familiar: "foo:5000" },
    { input: "[::1]:5000/app:x", canonical: "[::1]:5000/app:x", familiar: "[::1]:5000/app:x" },
    { input: "Host/app", canonical: "Host/app:latest", familiar: "Host/app:latest" },
    { input: `app@${DIGEST}`, canonical: `docker.io/library/app@${DIGEST}`, familiar: `app@${DIGEST}` },
    { input: `app:v1@${DIGEST}`, canonical: `docker.io/library/app:v1@${DIGEST}`, familiar: `app:v1@${DIGEST}` },
    { input: "a/b/c/d_e__f-g--h.i", canonical: "docker.io/a/b/c/d_e__f-g--h.i:latest", familiar: "a/b/c/d_e__f-g--h.i:latest" },
    { input: "docker.io/library/a/b", canonical: "docker.io/library/a/b:latest", familiar: "docker.io/library/a/b:latest" },
    { input: "docker.io/localhost/b", canonical: "docker.io/localhost/b:latest", familiar: "docker.io/localhost/b:latest" },
  ];
  for (const { input, canonical, familiar } of rows) {
    it(`reads "${input}" as ${canonical}`, () => {
      const reference = parseReference(input);
      assert.equal(formatReference(reference), canonical);
      assert.equal(formatFamiliar(reference), familiar);
      assert.deepEqual(parseReference(familiar), reference);
    });
  }

  const refused: readonly { readonly name: string; readonly input: string; readonly message: RegExp }[] = [
    { name: "an empty name", input: "", message: /it has no repository/ },
    { name: "a registry alone", input: "ghcr.io/", message: /it has no repository/ },
    { name: "an upper-case repository", input: "ghcr.io/Owner/app", message: /upper-case/ },
    { name: "an upper-case short name", input: "Ubuntu", message: /upper-case/ },
    { name: "an image id", input: HEX, message: /image id/ },
    { name: "a bad tag", input: "app:-x", message: /"-x" is no tag/ },
    { name: "an empty tag", input: "app:", message: /there is no tag after ":"/ },
    { name: "an empty digest", input: "app:1@", message: /there is no digest after "@"/ },
    { name: "a tag of 129 characters", input: `app:${"x".repeat(129)}`, message: /is no tag/ },
    { name: "a short digest", input: "app@sha256:abc", message: /is no digest/ },
    { name: "two digests", input: `app@${DIGEST}@${DIGEST}`, message: /is no digest/ },
    { name: "a URL", input: "https://ghcr.io/app", message: /is no host name/ },
    { name: "a part with two dots", input: "a..b", message: /is no repository/ },
    { name: "a climbing path", input: "a/../b", message: /is no repository/ },
    { name: "an empty part", input: "a//b", message: /is no repository/ },
    { name: "white space", input: "a b", message: /is no repository/ },
    { name: "a port inside the path", input: "foo/bar:80/baz", message: /is no tag/ },
    { name: "a name of 300 characters", input: "a".repeat(300), message: /more than 255/ },
    { name: "a bad host", input: "-a.example.com/app", message: /is no host name/ },
  ];
  for (const { name, input, message } of refused) {
    it(`rejects ${name}`, () => {
      assert.throws(
        () => parseReference(input),
        (error) => isDecantError(error, "REFERENCE") && message.test(error.message),
      );
    });
  }

  it("adds no tag when defaultTag is null", () => {
    assert.equal(formatReference(parseReference("app", { defaultTag: null })), "docker.io/library/app");
  });

  it("gives back what formatReference() wrote", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8})?$/);
    const host = fc.constantFrom("docker.io", "ghcr.io", "localhost", "localhost:5000", "127.0.0.1:80", "[::1]:5000");
    fc.assert(
      fc.property(host, fc.array(part, { minLength: 2, maxLength: 4 }), fc.boolean(), (registry, parts, pinned) => {
        const reference = { registry, repository: parts.join("/"), tag: "v1", ...(pinned ? { digest: parseDigest(DIGEST) } : {}) };
        assert.deepEqual(parseReference(formatReference(reference)), reference);
        assert.deepEqual(parseReference(formatFamiliar(reference)), reference);
      }),
    );
  });
});

it("hasRegistry() tells hosts from first parts of a path", () => {
  assert.deepEqual(["ubuntu", "owner/app", "ghcr.io/app", "localhost/app", "host:80/app", "Host/app", "app:1"].map(hasRegistry), [
    false,
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
});

it("familiarName() leaves out tag and digest", () => {
  assert.equal(familiarName(parseReference(`ubuntu:22.04@${DIGEST}`)), "ubuntu");
});

it("atDigest() drops the tag", () => {
  assert.equal(formatReference(atDigest(parseReference("ghcr.io/a/b:v1"), parseDigest(DIGEST))), `ghcr.io/a/b@${DIGEST}`);
});
