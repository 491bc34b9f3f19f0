import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseKeyValues } from "./key-values.ts";
import { parseOutput } from "./output-spec.ts";

const GOOD: readonly (readonly [string, unknown])[] = [
  ["out", { type: "local", dest: "out" }],
  ["a=b", { type: "local", dest: "a=b" }],
  ["-", { type: "tar", dest: "-" }],
  ["type=local,dest=out", { type: "local", dest: "out" }],
  [
    "type=local,dest=out,platform-split=true,attestation-prefix=a.",
    { type: "local", dest: "out", platformSplit: true, attestationPrefix: "a." },
  ],
  [
    "type=oci,dest=x,annotation.A.b=c,annotation-index.d=e",
    {
      type: "oci",
      dest: "x",
      tar: true,
      names: ["app"],
      annotations: [
        { level: "manifest", key: "A.b", value: "c" },
        { level: "index", key: "d", value: "e" },
      ],
    },
  ],
  ["type=tar,dest=o.tar", { type: "tar", dest: "o.tar" }],
  ["type=oci,dest=x.tar", { type: "oci", dest: "x.tar", tar: true, names: ["app"] }],
  ["type=oci,dest=x,tar=false,name=n", { type: "oci", dest: "x", tar: false, names: ["n"] }],
  [
    'type=oci,dest=x.tar,"name=a,b:1",compression=zstd,compression-level=3,force-compression=true,oci-mediatypes=true',
    { type: "oci", dest: "x.tar", tar: true, names: ["a", "b:1"], ociMediaTypes: true, compression: "zstd", level: 3, force: true },
  ],
  ["type=docker,dest=x.tar", { type: "docker", dest: "x.tar", names: ["app"] }],
  ["type=docker", { type: "docker", names: ["app"] }],
  ["type=docker,context=build", { type: "docker", names: ["app"], context: "build" }],
  ["type=docker,dest=out,tar=false", { type: "docker", dest: "out", tar: false, names: ["app"] }],
  [
    "type=image,push=true,push-by-digest=true,name-canonical=true,name=a/b,registry.insecure=true,unpack=true,store=false",
    { type: "image", names: ["a/b"], push: true, pushByDigest: true, insecure: true, store: false },
  ],
  ["type=image,dangling-name-prefix=built,name=", { type: "image", names: [], push: false, danglingNamePrefix: "built" }],
  ["type=registry,store=true", { type: "image", names: ["app"], push: true }],
  ["type=local,dest=o,mode=delete", { type: "local", dest: "o", mode: "delete" }],
  ["type=image,push=true,oci-mediatypes=false", { type: "image", names: ["app"], push: true, ociMediaTypes: false }],
  ["type=registry", { type: "registry", names: ["app"] }],
  ["type=oci,dest=x,oci-mediatypes=false", { type: "oci", dest: "x", tar: true, names: ["app"], ociMediaTypes: false }],
  ["type=docker,dest=x,oci-mediatypes=true", { type: "docker", dest: "x", names: ["app"], ociMediaTypes: true }],
  ["type=docker,dest=x,attestations=false", { type: "docker", dest: "x", names: ["app"], attestations: false }],
  ["type=docker,dest=x,oci-artifact=false", { type: "docker", dest: "x", names: ["app"], ociArtifact: false }],
  [
    "type=image,unpack=false,store=true,push-by-digest=false",
    { type: "image", names: ["app"], push: false, store: true, pushByDigest: false },
  ],
  [
    "type=registry,registry.insecure=0,name-canonical=f,prefer-nondist-layers=false,attestation-inline=false",
    { type: "registry", names: ["app"], insecure: false, attestationInline: false },
  ],
  ["type=oci,prefer-image-digest=true", { type: "oci", dest: "-", tar: true, names: ["app"], preferImageDigest: true }],
  ["type=local,dest=o,mode=copy", { type: "local", dest: "o" }],
  ["type=tar,mode=copy,source-date-epoch=1500000000", { type: "tar", dest: "-", sourceDateEpoch: 1_500_000_000 }],
  ["type=image,source-date-epoch=", { type: "image", names: ["app"], push: false, sourceDateEpoch: "none" }],
  ["type=cacheonly", { type: "cacheonly" }],
];
for (const [text, want] of GOOD) test(`L6, L8: parseOutput() reads ${text}`, () => assert.deepEqual(parseOutput(text, ["app"]), want));

const BAD: readonly (readonly [string, string])[] = [
  [
    "type=oic",
    "USAGE Cannot use --output type=oic: there is no such type; wanted image, registry, oci, docker, local, tar, cacheonly | Did you mean type=oci?",
  ],
  [
    "dest=x,tar=true",
    'USAGE Cannot read --output "dest=x,tar=true": it has no type; wanted type=image|registry|oci|docker|local|tar|cacheonly | ',
  ],
  ["type=oci,dest", 'USAGE Cannot read --output "type=oci,dest": "dest" has no value; wanted KEY=VALUE | '],
  ["type=oci,dst=x", 'USAGE Cannot use attribute "dst" of --output type=oci: there is no such attribute | Did you mean "dest"?'],
  ["type=local", "USAGE Cannot use --output type=local: it has no dest; wanted dest=FOLDER | "],
  ["type=oci,platform-split=true", 'USAGE Cannot use attribute "platform-split" of --output type=oci: there is no such attribute | '],
  ["type=local,dest=a,annotation.a=b", "USAGE Cannot use annotations of --output type=local: it writes no image | "],
  ["type=oci,compression=lzma", 'USAGE Cannot use compression "lzma": wanted uncompressed, gzip, estargz or zstd | '],
  ["type=local,dest=o,source-date-epoch=now", "USAGE Cannot use --output with source-date-epoch=now: wanted seconds since 1970 | "],
  ["type=local,dest=o,mode=move", "USAGE Cannot use --output type=local with mode=move: wanted copy or delete | "],
  ["type=image,unpack=yes", "USAGE Cannot use --output with unpack=yes: wanted true or false | "],
  ["type=oci,unpack=false", 'USAGE Cannot use attribute "unpack" of --output type=oci: there is no such attribute | '],
  ["type=oci,tar=maybe", "USAGE Cannot use --output with tar=maybe: wanted true or false | "],
];
for (const [text, want] of BAD) {
  test(`parseOutput() refuses ${text}`, () => {
    assert.throws(
      () => parseOutput(text, ["app"]),
      (error) => isDecantError(error) && assert.equal(`${error.code} ${error.message} | ${error.hint ?? ""}`, want) === undefined,
    );
  });
}

test("parseKeyValues() takes values from the environment, drops unset ones, and lets the last win", () => {
  const environment: Record<string, string> = { B: "2" };
  const parsed = parseKeyValues(["A=1", "B", "C", "A=x=y", "D="], "--build-arg", (key) => environment[key]);
  assert.deepEqual(parsed, { A: "x=y", B: "2", D: "" });
});

test("parseKeyValues() refuses an empty key", () => {
  assert.throws(() => parseKeyValues(["=1"], "--label", () => ""), { code: "USAGE" });
});
