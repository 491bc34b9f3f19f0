import assert from "node:assert/strict";
import { test } from "node:test";
import { GrpcError } from "../grpc/errors.ts";
import { readFilters } from "./usage-filters.ts";

const RECORD = { id: "abc123", recordType: "exec.cachemount", description: 'cache mount npm, of "app"', inUse: false, mutable: true };

for (const [filters, want] of [
  [[], true],
  [[""], true],
  [["type==exec.cachemount"], true],
  [["type!=exec.cachemount"], false],
  [["type==regular"], false],
  [["type==regular", "id~=^abc"], true],
  [["type==regular,id~=^abc"], false],
  [["id~=^abc , mutable"], true],
  [["immutable"], false],
  [["inuse"], false],
  [["private"], true],
  [["shared"], false],
  [["parents"], false],
  [["parents!=x"], true],
  [["description~=mount npm , mutable"], true],
  [['description=="cache mount npm, of \\"app\\""'], true],
  [['description~="npm.*app"'], true],
] as const)
  test(`I2: readFilters() finds ${JSON.stringify(filters)} ${want ? "right" : "wrong"}`, () => {
    assert.equal(readFilters(filters)(RECORD), want);
  });

for (const filter of ["==x", "type=regular", "id~=(", `id==${"x".repeat(5000)}`])
  test(`I2: readFilters() refuses ${filter.slice(0, 20)}`, () => {
    assert.throws(() => readFilters([filter]), GrpcError);
  });
