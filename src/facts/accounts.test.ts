import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAccounts, parseGroups } from "./accounts.ts";

test("parseAccounts() passes over blank lines, comments and lines without a name, and tells what is no number", () => {
  const text = "# users\n\n root:x:0:0:root:/root:/bin/sh \n:x:1:1::/:/x\nbad:x:one:-1::/bad\nshort\nbig:x:4294967294:4294967294::/\n";
  assert.deepEqual(parseAccounts(text), [
    { name: "root", uid: 0, gid: 0, home: "/root" },
    { name: "bad", uid: undefined, gid: undefined, home: "/bad" },
    { name: "short", uid: undefined, gid: undefined, home: "" },
    { name: "big", uid: 4294967294, gid: 4294967294, home: "/" },
  ]);
});

test("parseGroups() gives the members of each group", () => {
  assert.deepEqual(parseGroups("team:x:50:a, b\nnone:x:51:\n"), [
    { name: "team", gid: 50, members: ["a", "b"] },
    { name: "none", gid: 51, members: [""] },
  ]);
});
