import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";
import { hostPlatform, parsePlatform } from "./platform.ts";
import { isAttestation, platformsOf, selectManifest } from "./select.ts";
import type { Descriptor, Index } from "./types.ts";

const HOST = hostPlatform({ arch: "x64" });

function entry(text: string, mediaType = OCI_MANIFEST): Descriptor {
  const base = { mediaType, digest: sha256(text), size: 1, annotations: { name: text } };
  return text === "none" ? base : { ...base, platform: rawPlatform(text) };
}

function rawPlatform(text: string): { os: string; architecture: string; variant?: string } {
  const [os = "", architecture = "", variant] = text.split("/");
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

function indexOf(...names: string[]): Index {
  return { schemaVersion: 2, manifests: names.map((name) => entry(name)) };
}

describe("selectManifest()", () => {
  const rows: readonly { readonly name: string; readonly has: readonly string[]; readonly want: string; readonly gives: string }[] = [
    { name: "takes the exact platform", has: ["linux/arm64", "linux/amd64"], want: "linux/amd64", gives: "linux/amd64" },
    { name: "takes arm64/v8 for arm64", has: ["linux/amd64", "linux/arm64/v8"], want: "linux/arm64", gives: "linux/arm64/v8" },
    { name: "prefers the nearest variant", has: ["linux/arm/v5", "linux/arm/v6"], want: "linux/arm/v7", gives: "linux/arm/v6" },
    { name: "prefers the exact variant", has: ["linux/arm/v6", "linux/arm/v7"], want: "linux/arm/v7", gives: "linux/arm/v7" },
    { name: "takes 386 on amd64 when there is no other", has: ["linux/arm64", "linux/386"], want: "linux/amd64", gives: "linux/386" },
    { name: "takes an entry without platform last", has: ["none", "linux/amd64"], want: "linux/amd64", gives: "linux/amd64" },
    { name: "takes an entry without platform when nothing else fits", has: ["linux/arm64", "none"], want: "linux/amd64", gives: "none" },
    { name: "skips attestations", has: ["unknown/unknown", "linux/amd64"], want: "linux/amd64", gives: "linux/amd64" },
  ];
  for (const { name, has, want, gives } of rows) {
    it(name, () => assert.equal(selectManifest(indexOf(...has), parsePlatform(want, HOST)).annotations?.["name"], gives));
  }

  it("takes the first of equals", () => {
    const index = { schemaVersion: 2 as const, manifests: [entry("linux/amd64"), { ...entry("linux/amd64"), digest: sha256("second") }] };
    assert.equal(selectManifest(index, HOST).digest, sha256("linux/amd64"));
  });

  it("may give a nested index and skips artifacts", () => {
    const index: Index = { schemaVersion: 2, manifests: [entry("linux/amd64", "application/x"), entry("none", OCI_INDEX)] };
    assert.equal(selectManifest(index, HOST).mediaType, OCI_INDEX);
  });

  it("lists what there is when nothing fits", () => {
    assert.throws(
      () => selectManifest(indexOf("linux/arm64", "unknown/unknown"), HOST, "app"),
      (error) =>
        isDecantError(error, "PLATFORM") && error.message === 'Cannot use image "app" for platform "linux/amd64": it has linux/arm64',
    );
  });
});

it("isAttestation() knows BuildKit's annotation", () => {
  const annotations = { "vnd.docker.reference.type": "attestation-manifest" };
  assert.equal(isAttestation({ ...entry("linux/amd64"), annotations }), true);
  assert.equal(isAttestation(entry("linux/amd64")), false);
});

it("platformsOf() leaves attestations out", () => assert.equal(platformsOf(indexOf("linux/amd64", "unknown/unknown", "none")).length, 1));
