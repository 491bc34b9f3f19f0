/** F5: indexes of images that exist, and names of other tools. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commandsIn } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-indexes-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nARG TARGETARCH\nCOPY file /file\nLABEL arch=$TARGETARCH\n");
writeFileSync(join(folder, "file"), "x");

const { decant, ok } = commandsIn(folder);

for (const arch of ["amd64", "arm64"]) ok("build", "-q", "-t", `one:${arch}`, "--platform", `linux/${arch}`, ".");

/** index.json's only entry, as skopeo sees it. */
function raw(): {
  readonly annotations?: object;
  readonly manifests: readonly { readonly platform: object; readonly annotations?: object }[];
} {
  ok("copy", "-q", "store:both:1", "oci:layout:1");
  return JSON.parse(execFileSync("skopeo", ["inspect", "--raw", "oci:layout:1"], { cwd: folder, encoding: "utf8" }));
}

test("F5: index create joins images of several platforms, and annotate says more of them", () => {
  assert.match(
    ok("index", "create", "--annotation", "a=b", "both:1", "one:amd64", "one:arm64"),
    /both:1@sha256:[0-9a-f]{64}: linux\/amd64, linux\/arm64$/,
  );
  assert.deepEqual(raw().annotations, { a: "b" });
  assert.deepEqual(
    raw().manifests.map(({ platform }) => platform),
    [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ],
  );
  ok("index", "annotate", "--platform", "linux/arm64", "--annotation", "tested=yes", "both:1");
  ok("index", "annotate", "--annotation", "c=d", "both:1");
  assert.deepEqual(raw().annotations, { a: "b", c: "d" });
  assert.deepEqual(
    raw().manifests.map(({ annotations }) => annotations),
    [undefined, { tested: "yes" }],
  );
  assert.equal(ok("images", "both", "--format", "{{.Platform}}"), "linux/amd64\nlinux/arm64");
  // An index of an index has its images.
  assert.match(ok("index", "create", "again", "both:1"), /: linux\/amd64, linux\/arm64$/);
});

test("F5: what is no index, or no image for it, is told", () => {
  ok("tag", "one:amd64", "copy:amd64");
  ok("build", "-q", "-t", "two:amd64", "--platform", "linux/amd64", "--label", "x=y", ".");
  assert.match(decant("index", "create", "bad", "one:amd64", "two:amd64").err, /two of its images are for linux\/amd64/);
  assert.match(decant("index", "annotate", "--annotation", "a=b", "one:amd64").err, /it is one image, not an index/);
  assert.match(
    decant("index", "annotate", "--platform", "linux/s390x", "--annotation", "a=b", "both:1").err,
    /it has no image for linux\/s390x/,
  );
  assert.match(decant("index", "create", "bad", "nothing").err, /Cannot find image "nothing"/);
});

test("F5: commands of other tools are answered with a hint", () => {
  for (const [args, hint] of [
    [["exec", "-it", "a", "sh"], /Decant has no such command\n\nHint: Decant has no daemon/],
    [["manifest", "create", "a"], /Hint: decant index create NAME IMAGE/],
    [["buildx", "create"], /Hint: Decant needs no builder/],
    [["volume", "ls"], /Hint: Decant keeps no volumes/],
    [["digest", "a"], /Hint: decant inspect --format/],
    [["list-tags", "a"], /Hint: Ask the registry/],
    [["hsitory", "a"], /Hint: Did you mean "decant history"\?/],
  ] as const)
    assert.match(decant(...args).err, hint, args.join(" "));
});
