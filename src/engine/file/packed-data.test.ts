import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataSource } from "../../tree/index.ts";
import { createPackedData } from "./packed-data.ts";

test("X7: createPackedData() gives back what was put into it", () => {
  const sources: readonly DataSource[] = [
    { kind: "host", path: "/context/a/one" },
    { kind: "host", path: "/context/a/two" },
    { kind: "slice", path: "/store/layer", offset: 512 },
    { kind: "slice", path: "/store/layer", offset: 0 },
    { kind: "host", path: "/context/b/two" },
    { kind: "host", path: "/\xc3\xa9" },
    { kind: "bytes", bytes: Uint8Array.of(1, 2) },
    { kind: "bytes", bytes: new Uint8Array(0) },
  ];
  const packed = createPackedData();
  const positions = sources.map((source) => packed.add(source));
  const other = packed.addOther(7);
  assert.deepEqual(
    positions.map((position) => packed.at(position)),
    sources,
  );
  assert.deepEqual(packed.at(other), { kind: "other", value: 7 });
});
