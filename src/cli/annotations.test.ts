import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseAnnotationAttribute, parseAnnotations } from "./annotations.ts";

describe("parseAnnotations()", () => {
  const rows = [
    { item: "a.b=1", want: [{ key: "a.b", value: "1" }] },
    { item: "c=x=y", want: [{ key: "c", value: "x=y" }] },
    { item: "e=", want: [{ key: "e", value: "" }] },
    { item: "a=b:c=d", want: [{ key: "a", value: "b:c=d" }] },
    { item: "manifest:c=x", want: [{ level: "manifest", key: "c", value: "x" }] },
    {
      item: "index,manifest-descriptor[linux/arm/v7]:c=x",
      want: [
        { level: "index", key: "c", value: "x" },
        { level: "manifest-descriptor", platform: "linux/arm/v7", key: "c", value: "x" },
      ],
    },
  ];
  for (const { item, want } of rows) it(item, () => assert.deepEqual(parseAnnotations([item]), want));

  const failures = [
    { item: "key", want: /wanted KEY=VALUE/ },
    { item: "=x", want: /wanted KEY=VALUE/ },
    { item: "a b=x", want: /wanted KEY=VALUE/ },
    { item: "layer:a=b", want: /there is no level "layer"/ },
    { item: "manifests:a=b", want: /Did you mean manifest\?/ },
    { item: "manifest[]:a=b", want: /there is no level "manifest\[\]"/ },
  ];
  for (const { item, want } of failures) {
    it(`refuses ${item}`, () =>
      assert.throws(
        () => parseAnnotations([item]),
        (error) => isDecantError(error, "USAGE") && want.test(`${error.message} ${error.hint ?? ""}`),
      ));
  }
});

describe("parseAnnotationAttribute()", () => {
  const rows = [
    { attribute: "annotation.a.b", want: { level: "manifest", key: "a.b", value: "v" } },
    { attribute: "annotation[linux/amd64].a", want: { level: "manifest", platform: "linux/amd64", key: "a", value: "v" } },
    { attribute: "annotation-index.a", want: { level: "index", key: "a", value: "v" } },
    {
      attribute: "annotation-manifest-descriptor[linux/arm64].a",
      want: { level: "manifest-descriptor", platform: "linux/arm64", key: "a", value: "v" },
    },
    { attribute: "annotations", want: undefined },
  ];
  for (const { attribute, want } of rows) it(attribute, () => assert.deepEqual(parseAnnotationAttribute(attribute, "v"), want));
  it("refuses a level that there is not", () =>
    assert.throws(() => parseAnnotationAttribute("annotation-layer.a", "v"), { code: "USAGE" }));
});
