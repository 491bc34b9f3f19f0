/** Where the cgroups of steps are, and what they say. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { given } from "../../given.ts";
import { cgroupFolder, cgroupManager, cgroupsPath, resourcesOf } from "./cgroup.ts";

describe("cgroupsPath()", () => {
  const rows = [
    { parent: undefined, want: "cgroupfs /decant/c1" },
    { parent: "/ci/builds/", want: "cgroupfs /ci/builds/c1" },
    { parent: "ci", want: "cgroupfs /ci/c1" },
    { parent: "ci.slice", want: "systemd ci.slice:decant:c1" },
    { parent: "ci.slice:", want: "systemd ci.slice:decant:c1" },
    { parent: "/ci.slice/a", want: "cgroupfs /ci.slice/a/c1" },
  ];
  for (const { parent, want } of rows) {
    it(`of ${parent ?? "nothing"} is ${want}`, () => {
      const cgroup = given({ parent });
      assert.equal(`${cgroupManager(cgroup)} ${cgroupsPath(cgroup, "c1")}`, want);
    });
  }
  it("is in a folder, which systemd alone knows of a slice", () => {
    assert.deepEqual([{}, { parent: "/a//b/" }, { parent: "a.slice" }, undefined].map(cgroupFolder), ["decant", "a/b", "", ""]);
  });
  it("is nobody's business when no cgroup is wanted", () => assert.equal(cgroupManager(undefined), "disabled"));
  for (const parent of ["../a", "a/../../b", "a\nb"])
    it(`refuses ${JSON.stringify(parent)}`, () => assert.throws(() => cgroupsPath({ parent }, "c1"), { code: "USAGE" }));
});

it("resourcesOf() says only what is limited", () => {
  assert.deepEqual(resourcesOf({}), {});
  assert.deepEqual(resourcesOf({ resources: { memoryBytes: 5, cpuShares: 2, cpus: "0" } }), {
    memory: { limit: 5 },
    cpu: { shares: 2, cpus: "0" },
  });
});
