/** Which names are modules of Python's standard library, by its version. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { isStandardName } from "./python-names.ts";

const rows = [
  { name: "ssl", version: "3.11", want: true },
  // A text in _ssl.so is the name of a method there, and of a package from 3.14 on.
  { name: "compression", version: "3.13", want: false },
  { name: "compression", version: "3.14", want: true },
  { name: "compression", version: undefined, want: true },
  { name: "_pydatetime", version: "3.11", want: false },
  { name: "flask", version: "3.14", want: false },
];
for (const { name, version, want } of rows)
  it(`isStandardName(${name}, ${version ?? "unknown"})`, () => assert.equal(isStandardName(name, version), want));
