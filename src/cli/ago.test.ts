import assert from "node:assert/strict";
import { test } from "node:test";
import { ago } from "./ago.ts";

const DAY = 86_400;
for (const [seconds, want] of [
  [0, "Less than a second ago"],
  [1, "1 second ago"],
  [59, "59 seconds ago"],
  [61, "About a minute ago"],
  [600, "10 minutes ago"],
  [4000, "About an hour ago"],
  [7200, "2 hours ago"],
  [DAY, "24 hours ago"],
  [3 * DAY, "3 days ago"],
  [14 * DAY, "2 weeks ago"],
  [61 * DAY, "2 months ago"],
  [800 * DAY, "2 years ago"],
  [-5, "Less than a second ago"],
] as const) {
  test(`ago() of ${seconds} seconds`, () => assert.equal(ago(0, seconds * 1000), want));
}
