import assert from "node:assert/strict";
import { mkdtempDisposable, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { sha256 } from "../digest.ts";
import { openStore } from "../store/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { keptSbom, type SbomIdentity } from "./kept-sbom.ts";

const layer = (name: string): LayerSource => ({ key: sha256(name), load: () => Promise.reject(new Error("not needed")) });
const identity = (changes: Partial<SbomIdentity> = {}): SbomIdentity => ({
  subject: { name: "sbom", kind: "image", platform: { os: "linux", architecture: "amd64" } },
  files: true,
  layers: [layer("a"), layer("b")],
  ...changes,
});

it("keptSbom() makes a document once for the same layers, and anew when it was lost", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-kept-sbom-"));
  await using store = await openStore({ root: join(dir.path, "store") });
  let made = 0;
  const of = (changes?: Partial<SbomIdentity>): Promise<unknown> =>
    keptSbom(store, identity(changes), async () => ({ document: (made += 1), unread: ["x"] }));
  const one = (document: number): unknown => ({ document, unread: ["x"] });
  assert.deepEqual([await of(), await of()], [one(1), one(1)]);
  const others = [
    { files: false },
    { layers: [layer("b"), layer("a")] },
    { subject: { ...identity().subject, created: "2026-01-01T00:00:00Z" } },
  ];
  assert.deepEqual(await Promise.all(others.map(of)), [one(2), one(3), one(4)]);
  await rm(store.blobs.path(sha256(JSON.stringify(one(1)))));
  assert.deepEqual(await of(), one(5));
});
