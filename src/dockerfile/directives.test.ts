import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { detectSyntax } from "./index.ts";

describe("detectSyntax()", () => {
  const rows: readonly { name: string; input: string; want: string | undefined }[] = [
    { name: "F1: # syntax=", input: "# syntax=docker/dockerfile:1 x\nFROM a", want: "docker/dockerfile:1" },
    { name: "F1: // syntax=", input: "//syntax=a", want: "a" },
    { name: "F1: JSON", input: '{"syntax": "a", "b": 1}', want: "a" },
    { name: "S1: behind a byte order mark and a #! line", input: "\ufeff#!/bin/x\n# syntax=a", want: "a" },
    { name: "none", input: "FROM a", want: undefined },
    { name: "too late", input: "FROM a\n# syntax=a", want: undefined },
    { name: "bad JSON", input: "{", want: undefined },
  ];
  for (const { name, input, want } of rows) it(name, () => assert.equal(detectSyntax(input), want));
});
