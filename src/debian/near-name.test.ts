import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { universe } from "../../test/support/universe.ts";
import { nearNames } from "./near-name.ts";

const index = universe(
  Object.fromEntries(
    "libpq5 libpq-dev libph6 libssl3t64 libssl-dev libicu76 python3 python3.13 python3-requests libgtk-3-0t64 curl"
      .split(" ")
      .map((name) => [`${name} 1`, ""]),
  ),
);

describe("nearNames()", () => {
  for (const [name, want] of [
    ["libpq6", 'Did you mean "libpq5"?'],
    ["libssl3", 'Did you mean "libssl3t64"?'],
    ["libssl1.1", 'Did you mean "libssl3t64"?'],
    ["libicu72", 'Did you mean "libicu76"?'],
    ["python3.11", 'Did you mean "python3.13"?'],
    ["libgtk-3-0", 'Did you mean "libgtk-3-0t64"?'],
    ["crul", 'Did you mean "curl"?'],
    ["python3-request", 'Did you mean "python3-requests"?'],
    ["apache2", ""],
  ] as const)
    it(`A9: ${name} → ${want}`, () => assert.equal(nearNames(index, [name]), want));

  it("A9: tells of several names at once", () => {
    assert.equal(nearNames(index, ["libpq6", "nothing-like-it", "crul"]), 'Did you mean "libpq5", "curl"?');
  });
});
