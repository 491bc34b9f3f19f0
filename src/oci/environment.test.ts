import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentValue } from "./environment.ts";

const ROWS: readonly (readonly [name: string, env: readonly string[] | undefined, want: string | undefined])[] = [
  ["gives the last value of a name", ["PATH=/a", "PATH=/b=c"], "/b=c"],
  ["tells an empty value from none", ["PATH="], ""],
  ["passes over names that only begin like it", ["PATHS=/a", "MY_PATH=/b", "PATH"], undefined],
  ["takes a configuration without an environment", undefined, undefined],
];
for (const [name, env, want] of ROWS) test(`environmentValue() ${name}`, () => assert.equal(environmentValue(env, "PATH"), want));
