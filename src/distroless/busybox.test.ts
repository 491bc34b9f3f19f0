import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { appletNames, busyboxItems } from "./busybox.ts";
import { textItem } from "./layer-items.ts";

const names = [
  "[",
  "[[",
  "acpid",
  "ash",
  "busybox",
  ...Array.from({ length: 26 }, (_, at) => `c${String.fromCharCode(97 + at)}`),
  "sh",
  "tar",
];
const program = Buffer.from(`\u007fELF junk [ [[ more${names.join("\0")}\0Usage: no applet\0`, "latin1");

describe("appletNames()", () => {
  it("reads the list out of a program, whatever is around it", () => {
    assert.deepEqual(appletNames(program), names);
  });
  it("stops where the list does", () => {
    assert.deepEqual(appletNames(Buffer.from("[\0[[\0b\0a\0")), ["[", "[[", "b"]);
    assert.deepEqual(appletNames(Buffer.from("[\0[[\0a/b\0")), ["[", "[["]);
    assert.deepEqual(appletNames(Buffer.from("[\0[[\0cut")), ["[", "[["]);
  });
  it("finds nothing in other programs", () => {
    assert.deepEqual(appletNames(Buffer.from("#!/bin/sh")), []);
  });
});

describe("busyboxItems()", () => {
  const item = textItem("/usr/bin/busybox", program, { mode: 0o755 });
  it("has the program, a link for each applet but itself, and a shell", async () => {
    const items = await busyboxItems("busybox-static", [item, textItem("/usr/share/x", "")], true);
    assert.equal(items.length, names.length + 1);
    assert.deepEqual(
      items.filter(({ entry }) => /busybox$|sh$/.test(entry.path)).map(({ entry }) => `${entry.kind} ${entry.path} ${entry.link ?? ""}`),
      [
        "file busybox/busybox ",
        "symlink busybox/ash /busybox/busybox",
        "symlink busybox/sh /busybox/busybox",
        "symlink bin/sh /busybox/busybox",
      ],
    );
  });
  it("leaves a shell that is there", async () => {
    assert.ok(!(await busyboxItems("busybox-static", [item], false)).some(({ entry }) => entry.path === "bin/sh"));
  });
  for (const [what, other] of [
    ["has no busybox", textItem("/usr/bin/toybox", program)],
    ["has one without applets", textItem("/bin/busybox", "#!/bin/sh")],
  ] as const)
    it(`refuses a package that ${what}`, async () => {
      await assert.rejects(busyboxItems("busybox", [other], true), (error) => isDecantError(error, "RECIPE"));
    });
});
