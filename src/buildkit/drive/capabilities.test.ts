import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../../errors.ts";
import { type FileAction, type Op, vertex } from "../../graph/index.ts";
import { parseBuilders } from "./address.ts";
import { checkCapabilities } from "./capabilities.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const meta = { name: "[1/1] COPY", ignoreCache: false, internal: false, slot: "x" };
const old = { version: "v0.12.0", platforms: [PLATFORM], labels: {}, capabilities: new Set(["source.image", "file.base"]) };
const COPY = {
  kind: "copy",
  input: 0,
  src: "/a",
  dest: "/",
  followSymlinks: true,
  dirCopyContents: true,
  attemptUnpack: false,
  allowWildcard: true,
  allowEmptyWildcard: false,
  excludePatterns: [],
} as const satisfies FileAction;

const ROWS: readonly (readonly [what: string, op: Op, missing: string | undefined])[] = [
  ["a mode in octal", { kind: "file", base: -1, actions: [{ ...COPY, mode: "0755" }] }, undefined],
  ["a mode in letters", { kind: "file", base: -1, actions: [{ ...COPY, mode: "u+x" }] }, "file.copy.modestring"],
  ["--exclude", { kind: "file", base: -1, actions: [{ ...COPY, excludePatterns: ["b"] }] }, "file.copy.includeexcludepatterns"],
  ["COPY --link", { kind: "merge" }, "mergeop"],
  ["a base of ours", { kind: "source", identifier: "oci-layout://decant/base@sha256:00", attrs: {} }, "source.ocilayout"],
  ["ADD --checksum", { kind: "source", identifier: "https://h/x", attrs: { "http.checksum": "sha256:00" } }, "source.http.checksum"],
];

for (const [what, op, missing] of ROWS)
  test(`I3: what an old builder can do is known before the build: ${what}`, () => {
    const target = vertex(op, [], PLATFORM, meta);
    const check = (): void => checkCapabilities({ address: "unix:///b", facts: old }, target);
    if (missing === undefined) check();
    else
      assert.throws(
        check,
        (error) => isDecantError(error, "BUILDER") && error.details["capability"] === missing && /v0\.12\.0/.test(error.message),
      );
    // One that says nothing is believed.
    checkCapabilities({ address: "unix:///b", facts: { ...old, capabilities: new Set() } }, target);
  });

test("I3: git over ssh is refused", () => {
  const git = { kind: "source", identifier: "git://h/x", attrs: { "git.fullurl": "git@h:x.git" } } as const;
  assert.throws(
    () => checkCapabilities({ address: "unix:///b", facts: old }, vertex(git, [], PLATFORM, meta)),
    (error) => isDecantError(error, "UNSUPPORTED"),
  );
});

test("I3: addresses of builders", () => {
  const places = parseBuilders("unix:///a, docker://,docker://far,tcp://[::1]?ca=a&cert=b&key=c&servername=d,ssh://me@h/run/x").map(
    ({ place }) => place,
  );
  assert.deepEqual(places, [
    { kind: "unix", path: "/a" },
    { kind: "docker" },
    { kind: "docker", context: "far" },
    { kind: "tcp", host: "::1", port: 1234, certificates: { ca: "a", cert: "b", key: "c", serverName: "d" } },
    { kind: "ssh", destination: "me@h", socket: "/run/x" },
  ]);
});
