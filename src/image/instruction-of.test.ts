import assert from "node:assert/strict";
import { test } from "node:test";
import { instructionOf } from "./instruction-of.ts";

for (const [createdBy, want] of [
  ["COPY a /a # buildkit", "COPY a /a"],
  ["RUN /bin/sh -c apt-get update && true # buildkit", "RUN apt-get update && true"],
  ["RUN |1 A=b /bin/sh -c echo $A # buildkit", "RUN echo $A"],
  ["|2 A=b C=d /bin/sh -c echo $A", "RUN echo $A"],
  ['/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'],
  ["/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /"],
  ["/bin/sh -c apt-get update", "RUN apt-get update"],
  ['ENTRYPOINT ["/app"]', 'ENTRYPOINT ["/app"]'],
  ["", ""],
] as const) {
  test(`F5: instructionOf() of ${createdBy}`, () => assert.equal(instructionOf(createdBy), want));
}
