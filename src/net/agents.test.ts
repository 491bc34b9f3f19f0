import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { guardedLookup, type Lookup, TooNear } from "./agents.ts";
import type { Zone } from "./addresses.ts";

const ADDRESSES = ["127.0.0.1", "8.8.8.8", "10.0.0.1", "2606:4700:4700::1111", "fe80::1"].map((address) => ({
  address,
  family: address.includes(":") ? 6 : 4,
}));

function lookUp(limit: Zone, all: boolean): Promise<unknown> {
  const lookup = ((_name: string, _options: object, done: (error: null, found: typeof ADDRESSES) => void) =>
    done(null, ADDRESSES)) as unknown as Lookup;
  return new Promise((resolve, reject) =>
    guardedLookup(lookup, limit)("x.example", { all }, (error, found) => (error === null ? resolve(found) : reject(error))),
  );
}

describe("guardedLookup()", () => {
  const rows: readonly { readonly limit: Zone; readonly want: readonly string[] }[] = [
    { limit: "public", want: ["8.8.8.8", "2606:4700:4700::1111"] },
    { limit: "private", want: ["8.8.8.8", "10.0.0.1", "2606:4700:4700::1111"] },
    { limit: "link-local", want: ["8.8.8.8", "10.0.0.1", "2606:4700:4700::1111", "fe80::1"] },
  ];
  for (const { limit, want } of rows) {
    it(`leaves out what is nearer than ${limit}`, async () => {
      const found = (await lookUp(limit, true)) as typeof ADDRESSES;
      assert.deepEqual(
        found.map(({ address }) => address),
        want,
      );
      assert.equal(await lookUp(limit, false), "8.8.8.8");
    });
  }

  it("says so where nothing is left", async () => {
    const lookup = ((_name: string, _options: object, done: (error: null, found: typeof ADDRESSES) => void) =>
      done(null, ADDRESSES.slice(0, 1))) as unknown as Lookup;
    const looked = new Promise((resolve, reject) =>
      guardedLookup(lookup, "public")("x", {}, (error) => (error ? reject(error) : resolve(0))),
    );
    await assert.rejects(looked, TooNear);
  });
});
