import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createMeter, type Meter } from "./meter.ts";

const PACE = { windowMs: 1000, minBytes: 100 };

/** A meter whose time passes by `pass`; `slow` has what it told. */
function metered(t: TestContext): { readonly meter: Meter; readonly slow: number[]; readonly pass: (ms: number) => void } {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const slow: number[] = [];
  let nowMs = 0;
  const meter = createMeter(
    PACE,
    (bytes) => slow.push(bytes),
    () => nowMs,
  );
  const pass = (ms: number): void => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  return { meter, slow, pass };
}

describe("createMeter()", () => {
  it("tells of too few bytes, once, with their number", (t) => {
    const { meter, slow, pass } = metered(t);
    meter.waiting();
    pass(500);
    meter.moved(7);
    meter.waiting();
    pass(499);
    assert.deepEqual(slow, []);
    pass(1);
    assert.deepEqual(slow, [7]);
    pass(5000);
    assert.deepEqual(slow, [7]);
  });

  it("counts only the time that is waited", (t) => {
    const { meter, slow, pass } = metered(t);
    meter.waiting();
    pass(600);
    meter.moved(0);
    pass(10_000);
    assert.deepEqual(slow, []);
    meter.waiting();
    pass(400);
    assert.deepEqual(slow, [0]);
  });

  it("begins a new window where enough has moved", (t) => {
    const { meter, slow, pass } = metered(t);
    for (let turn = 0; turn < 20; turn += 1) {
      meter.waiting();
      pass(250);
      meter.moved(40);
    }
    assert.deepEqual(slow, []);
    meter.waiting();
    pass(2000);
    assert.equal(slow.length, 1);
  });

  it("says nothing after it is disposed", (t) => {
    const { meter, slow, pass } = metered(t);
    meter.waiting();
    meter[Symbol.dispose]();
    pass(5000);
    assert.deepEqual(slow, []);
  });
});
