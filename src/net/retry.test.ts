import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock } from "../../test/support/network.ts";
import { DecantError } from "../errors.ts";
import { createRetries, DEFAULT_RETRY, IMPATIENT, isTransientStatus, parseRetryAfter, type RetryPolicy, retrying } from "./retry.ts";

function failure(details: Readonly<Record<string, unknown>>): DecantError {
  return new DecantError("REGISTRY", "x", { details });
}

/** The waits before work that always fails so is given up. */
async function waits(error: unknown, policy: Partial<RetryPolicy> = {}, random = 0.5): Promise<readonly number[]> {
  const clock = fakeClock(random);
  await assert.rejects(
    retrying(createRetries({ ...DEFAULT_RETRY, ...policy }, clock), () => Promise.reject(error)),
    (thrown) => thrown === error,
  );
  return clock.waits;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe("R4: retrying()", () => {
  const busy = failure({ transient: true, status: 503 });

  it("tries a busy server for at least 30 s in all", async () => {
    assert.deepEqual(await waits(busy), [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    for (const random of [0, 0.999]) assert.ok(sum(await waits(busy, {}, random)) >= 30_000);
  });

  it("tries connections that break off for as long", async () => {
    assert.ok(sum(await waits(failure({ transient: true, errno: "ECONNRESET" }))) >= 30_000);
  });

  for (const errno of ["ECONNREFUSED", "EHOSTUNREACH", "EAI_AGAIN", "EPROXY"])
    it(`tries shorter where nobody answers: ${errno}`, async () =>
      assert.deepEqual(await waits(failure({ transient: true, errno })), [250, 500, 1000]));

  it("tries what has a substitute for a moment only", async () => {
    assert.deepEqual(await waits(busy, IMPATIENT), [250, 500, 1000, 2000]);
    assert.deepEqual(await waits(failure({ transient: true, errno: "ECONNREFUSED" }), IMPATIENT), [250, 500]);
  });

  it("does not try again what will not pass", async () => {
    assert.deepEqual(await waits(failure({ status: 404 })), []);
    assert.deepEqual(await waits(new Error("a bug")), []);
  });

  it("waits as long as it is asked to, never shorter than by itself", async () => {
    assert.deepEqual(await waits(failure({ transient: true, retryAfterMs: 20_000 }), {}, 0), [20_000, 20_000]);
    assert.deepEqual(await waits(failure({ transient: true, retryAfterMs: 0 })), await waits(busy));
  });

  it("gives up at once where it is asked for too much", async () =>
    assert.deepEqual(await waits(failure({ transient: true, retryAfterMs: 61_000 })), []));

  it("takes the time of the attempts into account", async () => {
    const clock = fakeClock();
    let attempts = 0;
    const slow = async (): Promise<never> => {
      attempts += 1;
      await clock.wait(20_000);
      throw busy;
    };
    await assert.rejects(retrying(createRetries(DEFAULT_RETRY, clock), slow));
    assert.equal(attempts, 3);
  });

  it("starts anew where work has got on", async () => {
    const clock = fakeClock();
    const retries = createRetries(DEFAULT_RETRY, clock);
    for (let turn = 0; turn < 5; turn += 1) {
      await retries.again(busy, undefined);
      retries.progressed();
    }
    assert.deepEqual(clock.waits, [250, 250, 250, 250, 250]);
  });

  it("ends with the reason of its signal", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const work = (): Promise<never> => {
      stop.abort(reason);
      return Promise.reject(busy);
    };
    await assert.rejects(retrying(createRetries(DEFAULT_RETRY, fakeClock()), work, stop.signal), (error) => error === reason);
  });
});

describe("isTransientStatus()", () => {
  const transient = [408, 429, 500, 502, 503, 504, 520, 599];
  const final = [200, 304, 400, 401, 403, 404, 405, 416, 501, 505, 511];
  it("knows busy servers", () => assert.deepEqual([...transient, ...final].filter(isTransientStatus), transient));
});

describe("parseRetryAfter()", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const rows: readonly { readonly value: string | undefined; readonly want: number | undefined }[] = [
    { value: undefined, want: undefined },
    { value: "0", want: 0 },
    { value: "7", want: 7000 },
    { value: "Thu, 01 Jan 2026 00:00:05 GMT", want: 5000 },
    { value: "Wed, 31 Dec 2025 00:00:00 GMT", want: 0 },
    { value: "soon", want: undefined },
    { value: "-1e9x", want: undefined },
  ];
  for (const { value, want } of rows) it(`reads ${value}`, () => assert.equal(parseRetryAfter(value, now), want));
});
