/** What is said of steps that run alone, and of steps that run beside others. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChildUsage } from "../../sys/index.ts";
import { createUsageMeter } from "./step-usage.ts";

function meterOf(...readings: readonly ChildUsage[]): ReturnType<typeof createUsageMeter> {
  const left = [...readings];
  return createUsageMeter(() => left.shift());
}

function reading(cpuMs: number, maxMemoryBytes: number, readBytes = 0, writtenBytes = 0): ChildUsage {
  return { cpuMs, maxMemoryBytes, readBytes, writtenBytes };
}

describe("createUsageMeter()", () => {
  it("G7: tells what a step used that ran alone", () => {
    const meter = meterOf(reading(10, 100, 1, 2), reading(35.4, 300, 5, 8), reading(40, 300), reading(50, 300));
    assert.deepEqual(meter.begin()(), { cpuMs: 25, memoryBytes: 300, readBytes: 4, writtenBytes: 6 });
    // Its memory stayed below that of the one before: nobody knows how much it was.
    assert.deepEqual(meter.begin()(), { cpuMs: 10, readBytes: 0, writtenBytes: 0 });
  });

  it("G7: tells nothing of steps that ran beside each other, and of the next one again", () => {
    const meter = meterOf(reading(0, 0), reading(0, 0), reading(9, 0), reading(20, 0));
    const [one, two] = [meter.begin(), meter.begin()];
    assert.deepEqual([one(), two()], [undefined, undefined]);
    assert.deepEqual(meter.begin()(), { cpuMs: 11, readBytes: 0, writtenBytes: 0 });
  });

  it("G7: tells nothing where the kernel counts nothing", () => {
    assert.equal(meterOf(reading(5, 1), reading(5, 1)).begin()(), undefined);
    assert.equal(createUsageMeter(() => undefined).begin()(), undefined);
  });
});
