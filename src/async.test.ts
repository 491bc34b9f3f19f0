import assert from "node:assert/strict";
import { test } from "node:test";
import { createShared } from "./async.ts";

interface Counted {
  readonly starts: () => number;
  readonly stopped: () => unknown;
  readonly resolve: (value: string) => void;
  readonly call: (signal?: AbortSignal) => Promise<string>;
}

function counted(cancel: "never" | "last" = "last", keep = true): Counted {
  const shared = createShared<string, string>({ cancel, keep });
  let starts = 0;
  let stopped: unknown;
  let resolve: (value: string) => void = () => undefined;
  const work = (signal: AbortSignal): Promise<string> => {
    starts += 1;
    return new Promise((done, fail) => {
      resolve = done;
      signal.addEventListener("abort", () => {
        stopped = signal.reason;
        fail(signal.reason);
      });
    });
  };
  return {
    starts: () => starts,
    stopped: () => stopped,
    resolve: (value) => resolve(value),
    call: (signal) => shared.run("key", work, signal),
  };
}

test("createShared() works once for many callers, and keeps the result", async () => {
  const work = counted();
  const both = Promise.all([work.call(), work.call()]);
  work.resolve("done");
  assert.deepEqual(await both, ["done", "done"]);
  assert.equal(await work.call(), "done");
  assert.equal(work.starts(), 1);
});

test("createShared() goes on for the others when one caller gives up", async () => {
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

test("createShared() stops the work when the last caller gives up, and starts anew after", async () => {
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

test("createShared() with cancel never goes on when everybody has left", async () => {
  const work = counted("never");
  const stop = new AbortController();
  const only = work.call(stop.signal);
  stop.abort("enough");
  await assert.rejects(only, (error) => error === "enough");
  assert.equal(work.stopped(), undefined);
  work.resolve("done");
  assert.deepEqual([await work.call(), work.starts()], ["done", 1]);
});

test("createShared() without keep works again once it has ended", async () => {
  const work = counted("last", false);
  const first = work.call();
  work.resolve("first");
  assert.equal(await first, "first");
  const second = work.call();
  work.resolve("second");
  assert.deepEqual([await second, work.starts()], ["second", 2]);
});

test("createShared() forgets a failure, and keeps keys apart", async () => {
  const shared = createShared<string, number>({ cancel: "never" });
  let starts = 0;
  const work = async (): Promise<number> => {
    starts += 1;
    if (starts === 1) throw new Error("once");
    return starts;
  };
  await assert.rejects(shared.run("a", work), /once/);
  assert.deepEqual([await shared.run("a", work), await shared.run("b", work), await shared.run("a", work)], [2, 3, 2]);
});
