import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseResources } from "./resource-options.ts";

describe("parseResources()", () => {
  const rows = [
    { entries: [], want: undefined },
    { entries: ["memory=2g", "memory-swap=-1"], want: { memoryBytes: 2 * 1024 ** 3, memorySwapBytes: -1 } },
    {
      entries: ["cpu-quota=50000", "cpu-period = 100000", "cpu-shares=512"],
      want: { cpuQuotaUsec: 50_000, cpuPeriodUsec: 100_000, cpuShares: 512 },
    },
    { entries: ["cpuset-cpus=0-3,5", "cpuset-mems=0"], want: { cpus: "0-3,5", mems: "0" } },
    { entries: ["memory=1g", "memory=64m"], want: { memoryBytes: 64 * 1024 ** 2 } },
  ];
  for (const { entries, want } of rows) it(entries.join(" ") || "nothing", () => assert.deepEqual(parseResources(entries), want));

  const failures = [
    { entry: "memory", want: /^USAGE .*wanted KEY=VALUE/ },
    { entry: "memry=1g", want: /^USAGE .*Did you mean memory\?/ },
    { entry: "memory=0", want: /^USAGE .*wanted a size/ },
    { entry: "memory-swap=-2", want: /^USAGE .*wanted a size/ },
    { entry: "cpu-shares=-1", want: /^USAGE .*a number above 0/ },
    { entry: "cpuset-cpus=0;1", want: /^USAGE .*numbers and ranges/ },
  ];
  for (const { entry, want } of failures) {
    it(`refuses ${entry}`, () => {
      assert.throws(
        () => parseResources([entry]),
        (error) => isDecantError(error) && want.test(`${error.code} ${error.message} ${error.hint ?? ""}`),
      );
    });
  }
});
