import assert from "node:assert/strict";
import { test } from "node:test";
import { similarImage } from "./similar-image.ts";

const KNOWN = [
  "docker.io/library/busybox:1.36",
  "debian",
  "docker.io/library/node:22-slim",
  "gcr.io/distroless/static-debian12:nonroot",
  "team/app:1",
  "registry.example:5000/a/service:v1",
];
const rows: readonly (readonly [typed: string, want: string | undefined])[] = [
  ["bussybox", "busybox"],
  ["bussybox:1.36", "busybox:1.36"],
  ["busybox:lates", "busybox:latest"],
  ["busybox:1.35", "busybox:1.36"],
  ["busybox:1.36", undefined],
  ["debain:12", "debian:12"],
  ["node:22-slm", "node:22-slim"],
  ["gcr.io/distroless/statc-debian12", "gcr.io/distroless/static-debian12"],
  ["gcr.io/distroles/static-debian12", "gcr.io/distroless/static-debian12"],
  ["team/ap:1", "team/app:1"],
  ["registry.example:5000/a/servce:v1", "registry.example:5000/a/service:v1"],
  ["frobnicate", undefined],
  ["Busybox", undefined],
  [`busybos@sha256:${"a".repeat(64)}`, undefined],
];
for (const [typed, want] of rows) {
  test(`U10: similarImage() of ${typed} is ${want ?? "none"}`, () => assert.equal(similarImage(typed, KNOWN), want));
}
