/** Ids of user namespaces, and settings that forbid them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { checkIds, hasGroup, idRanges, idsCommand, singleId } from "./ids.ts";
import { namespaceLimit } from "./namespace-limit.ts";

describe("idRanges()", () => {
  for (const [what, text, want] of [
    ["by name", "a:100:5\nme:1000:65536\n", [[1, 1000, 65536]]],
    ["by number", "1001:7:2\n", [[1, 7, 2]]],
    [
      "several, one after the other",
      "me:10:2\nme:50:3\n",
      [
        [1, 10, 2],
        [3, 50, 3],
      ],
    ],
    ["none", "you:1:2\n", []],
    ["damaged lines, and ids that do not exist", "me:x:2\nme:1\nme:4294967290:100\nme:5:0\n", []],
  ] as const) {
    it(`H1: reads subuid(5): ${what}`, () => {
      const found = idRanges(text, ["me", "1001"]).map(({ inside, outside, count }) => [inside, outside, count]);
      assert.deepEqual(found, want);
    });
  }
});

describe("idsCommand()", () => {
  for (const [what, files, want] of [
    ["the first one where nobody has any", ["", ""], "100000-165535"],
    ["behind those of others", ["a:100000:65536\nb:165536:65536\n", "a:100000:65536\n"], "231072-296607"],
    ["behind those of groups, too", ["a:100000:65536\n", "a:300000:10\n"], "300010-365545"],
    ["among damaged lines, and where somebody has all", ["x\na:y:z\na:0:4294967295\na:100000:5\n\n"], "100005-165540"],
  ] as const)
    it(`H1: gives ${what}`, () => assert.ok(idsCommand(files).includes(`usermod --add-subuids ${want} --add-subgids ${want} `)));
});

describe("checkIds()", () => {
  it("H1: names the id that is missing, and the command that gives it", () => {
    const maps = singleId(1000, 1000);
    checkIds("run the step", 0, [0], maps);
    assert.throws(
      () => checkIds("run the step", 0, [0, 5], maps),
      (error) => isDecantError(error, "PRIVILEGE") && error.message.endsWith("group 5") && /--add-subgids/.test(error.hint ?? ""),
    );
    assert.equal(hasGroup(5, maps), false);
  });
});

describe("namespaceLimit()", () => {
  for (const [setting, value, remedy] of [
    ["user/max_user_namespaces", "0\n", "As root: sysctl -w user.max_user_namespaces=15000"],
    ["kernel/unprivileged_userns_clone", "0\n", "As root: sysctl -w kernel.unprivileged_userns_clone=1"],
    ["kernel/apparmor_restrict_unprivileged_userns", "1\n", "As root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"],
    ["user/max_user_namespaces", "100\n", undefined],
  ] as const) {
    it(`H1: ${setting} is ${value.trim()}`, () => {
      assert.equal(namespaceLimit((path) => (path === `/proc/sys/${setting}` ? value : ""))?.remedy, remedy);
    });
  }
});
