import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { type ImageOutput, outputForm, type PlannedImage } from "./output-form.ts";

const SAID = { attestations: [{}] };
const INLINE = { attestations: [{ inlineOnly: true }] };
const INDEXED = { annotations: { index: { a: "b" } } };

const ROWS: readonly (readonly [name: string, images: readonly PlannedImage[], output: ImageOutput, want: string])[] = [
  ["an image", [{}], { type: "image" }, "oci artifact"],
  ["Docker's media types", [{}], { type: "oci", ociMediaTypes: false }, "docker"],
  ["something said in Docker's media types", [SAID], { type: "image", ociMediaTypes: false }, "Cannot attach attestations"],
  [
    "inline-only things in an archive with Docker's media types: they stay out",
    [INLINE],
    { type: "docker", dest: "x", ociMediaTypes: false },
    "docker",
  ],
  [
    "inline-only things in an image with Docker's media types",
    [INLINE],
    { type: "image", ociMediaTypes: false },
    "Cannot attach attestations",
  ],
  ["a docker archive of two platforms", [{}, {}], { type: "docker", dest: "x" }, "Cannot write a docker archive of an index"],
  ["a docker archive in an index", [{ inIndex: true }], { type: "docker", dest: "x" }, "Cannot write a docker archive of an index"],
  ["an index annotation without index", [INDEXED], { type: "image" }, "Cannot put annotations on an index"],
  ["an index annotation of something said", [{ ...INDEXED, ...SAID }], { type: "image" }, "oci artifact"],
  [
    "an index annotation of what is inline-only and stays out",
    [{ ...INDEXED, ...INLINE }],
    { type: "oci", dest: "x" },
    "Cannot put annotations on an index",
  ],
  ["estargz", [{}], { type: "image", compression: "estargz" }, "oci artifact"],
  ["estargz in Docker's media types", [{}], { type: "image", compression: "estargz", ociMediaTypes: false }, "Cannot write estargz layers"],
  [
    "artifacts in Docker's media types",
    [{}],
    { type: "image", ociArtifact: true, ociMediaTypes: false },
    "Cannot use --output with oci-artifact=true",
  ],
];

for (const [name, images, output, want] of ROWS)
  test(`F.2: outputForm() of ${name}`, () => {
    const told = (): string => {
      try {
        const { mediaTypes, ociArtifact } = outputForm(images, output, undefined);
        return `${mediaTypes}${ociArtifact ? " artifact" : ""}`;
      } catch (error) {
        return isDecantError(error, "USAGE") ? error.message : String(error);
      }
    };
    assert.equal(told().slice(0, want.length), want);
  });
