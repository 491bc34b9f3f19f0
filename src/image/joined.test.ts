import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "./joined.ts";

function counted(): {
  starts: () => number;
  stopped: () => unknown;
  resolve: (value: string) => void;
  call: (signal?: AbortSignal) => Promise<string>;
} {
  let starts = 0;
  let stopped: unknown;
  let resolve: (value: string) => void = () => undefined;
  const call = joined<string>((signal) => {
    starts += 1;
    return new Promise((done, fail) => {
      resolve = done;
      signal.addEventListener("abort", () => {
        stopped = signal.reason;
        fail(signal.reason);
      });
    });
  });
  return { starts: () => starts, stopped: () => stopped, resolve: (value) => resolve(value), call };
}

test("joined() works once for many callers, and keeps the result", async () => {
  const work = counted();
  const both = Promise.all([work.call(), work.call()]);
  work.resolve("done");
  assert.deepEqual(await both, ["done", "done"]);
  assert.equal(await work.call(), "done");
  assert.equal(work.starts(), 1);
});

test("joined() goes on for the others when one caller gives up", async () => {
  const work = counted();
  const stop = new AbortController();
  const impatient = work.call(stop.signal);
  const patient = work.call();
  stop.abort("enough");
  await assert.rejects(impatient, (error) => error === "enough");
  work.resolve("done");
  assert.equal(await patient, "done");
  assert.equal(work.stopped(), undefined);
});

test("joined() stops the work when the last caller gives up, and starts anew after", async () => {
  const work = counted();
  const stop = new AbortController();
  const only = work.call(stop.signal);
  stop.abort("enough");
  await assert.rejects(only, (error) => error === "enough");
  assert.equal(work.stopped(), "enough");
  const again = work.call();
  work.resolve("second");
  assert.equal(await again, "second");
  assert.equal(work.starts(), 2);
});

test("joined() forgets a failure", async () => {
  let starts = 0;
  const call = joined(async () => {
    starts += 1;
    if (starts === 1) throw new Error("once");
    return starts;
  });
  await assert.rejects(call(), /once/);
  assert.equal(await call(), 2);
});
