import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { baseOfImage, formatStandIn, parseBaseName, parseStandIn } from "./base-name.ts";

describe("parseBaseName()", () => {
  const rows: readonly { text: string; want: unknown }[] = [
    { text: "base-debian13", want: { recipe: "base-debian13" } },
    { text: "base-debian13:latest", want: { recipe: "base-debian13" } },
    { text: "base-debian13:debug-nonroot", want: { recipe: "base-debian13", variant: "debug-nonroot" } },
    { text: "./my-base.yaml", want: { recipe: "./my-base.yaml" } },
    { text: "a:b/my.yml:debug", want: { recipe: "a:b/my.yml", variant: "debug" } },
  ];
  for (const row of rows)
    it(`reads ${row.text}`, () => {
      assert.deepEqual(parseBaseName(row.text), row.want);
    });
  for (const text of ["", "a/b", "base:", "base:No", "base:a:b"])
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseBaseName(text), { code: "RECIPE" });
    });
});

describe("baseOfImage()", () => {
  const known = ["static-debian12", "static-debian13", "nodejs18-debian12", "nodejs22-debian12", "nodejs22-debian13", "java17-debian12"];
  const rows: readonly { image: string; want: unknown }[] = [
    { image: "gcr.io/distroless/static", want: { recipe: "static-debian13" } },
    { image: "gcr.io/distroless/static-debian12:nonroot", want: { recipe: "static-debian12", variant: "nonroot" } },
    { image: "gcr.io/distroless/static:latest", want: { recipe: "static-debian13" } },
    { image: "gcr.io/distroless/nodejs18", want: { recipe: "nodejs18-debian12" } },
    { image: "gcr.io/distroless/nodejs:18", want: { recipe: "nodejs18-debian12" } },
    { image: "gcr.io/distroless/nodejs:22-debug-nonroot", want: { recipe: "nodejs22-debian13", variant: "debug-nonroot" } },
    { image: "gcr.io/distroless/java:17", want: { recipe: "java17-debian12" } },
    { image: "gcr.io/distroless/nowhere:debug", want: { recipe: "nowhere", variant: "debug" } },
    { image: `gcr.io/distroless/static@sha256:${"0".repeat(64)}`, want: undefined },
    { image: "gcr.io/distroless/static:nonroot-amd64", want: { recipe: "static-debian13", variant: "nonroot", architecture: "amd64" } },
    { image: "gcr.io/distroless/static-debian13:latest-arm64", want: { recipe: "static-debian13", architecture: "arm64" } },
    { image: "gcr.io/distroless/static:arm64", want: { recipe: "static-debian13", architecture: "arm64" } },
    {
      image: "gcr.io/distroless/static:debug-nonroot-s390x",
      want: { recipe: "static-debian13", variant: "debug-nonroot", architecture: "s390x" },
    },
    { image: "gcr.io/distroless/nodejs:18-debug-arm64", want: { recipe: "nodejs18-debian12", variant: "debug", architecture: "arm64" } },
    { image: "gcr.io/distroless/nodejs:18-arm64", want: { recipe: "nodejs18-debian12", architecture: "arm64" } },
    { image: `gcr.io/distroless/static:nonroot-${"0a".repeat(20)}`, want: undefined },
    { image: `gcr.io/distroless/static:${"0a".repeat(20)}`, want: undefined },
    { image: "registry.example/mirror/static-debian13:debug", want: { recipe: "static-debian13", variant: "debug" } },
  ];
  for (const row of rows)
    it(`takes ${row.image} for ${JSON.stringify(row.want)}`, () => {
      assert.deepEqual(baseOfImage(row.image, known), row.want);
    });
});

describe("parseStandIn()", () => {
  for (const text of ["static-debian13", "static-debian13:nonroot@arm64", "static-debian13@amd64", "./a@b.yaml:debug"])
    it(`A8: reads what is written: ${text}`, () => assert.equal(formatStandIn(parseStandIn(text)), text));
});
