/** Where cgroups for devices are looked for, and whose devices a container has. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { makeNode } from "../../sys/index.ts";
import { type DeviceCgroups, findDeviceCgroups, hasUsualDevicesOnly } from "./device-guard.ts";

/** A line of /proc/self/mountinfo. */
const mount = (place: string, type: string, settings: string, root = "/"): string =>
  `36 31 0:33 ${root} ${place} rw,relatime - ${type} x ${settings}`;

describe("findDeviceCgroups()", () => {
  const first = mount("/sys/fs/cgroup/devices", "cgroup", "rw,devices");
  const second = mount("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate");
  const rows: readonly (readonly [name: string, mounts: readonly string[], cgroup: string, want: DeviceCgroups | undefined])[] = [
    ["version 1", [first], "5:devices:/user/x", { version: 1, own: "/sys/fs/cgroup/devices/user/x", below: "user/x" }],
    ["version 1 at the root", [first], "5:devices:/", { version: 1, own: "/sys/fs/cgroup/devices", below: "" }],
    [
      "controllers together",
      [mount("/sys/fs/cgroup/a", "cgroup", "rw,cpu,devices")],
      "5:cpu,devices:/x",
      { version: 1, own: "/sys/fs/cgroup/a/x", below: "x" },
    ],
    ["version 2", [second], "0::/system.slice/ci", { version: 2, own: "/sys/fs/cgroup/system.slice/ci", below: "system.slice/ci" }],
    [
      "both: version 1 has the devices",
      [mount("/sys/fs/cgroup/unified", "cgroup2", "rw"), first],
      "5:devices:/\n0::/x",
      { version: 1, own: "/sys/fs/cgroup/devices", below: "" },
    ],
    [
      "a container that is told the host's path",
      [mount("/sys/fs/cgroup/devices", "cgroup", "rw,devices", "/docker/1")],
      "5:devices:/docker/1",
      { version: 1, own: "/sys/fs/cgroup/devices", below: "" },
    ],
    [
      "a cgroup inside of a container",
      [mount("/sys/fs/cgroup", "cgroup2", "rw", "/docker/1")],
      "0::/docker/1/x",
      { version: 2, own: "/sys/fs/cgroup/x", below: "x" },
    ],
    [
      "a mount of somewhere else",
      [mount("/sys/fs/cgroup", "cgroup2", "rw", "/docker/1")],
      "0::/docker/10",
      { version: 2, own: "/sys/fs/cgroup", below: "" },
    ],
    ["no cgroups", [mount("/", "ext4", "rw")], "", undefined],
    ["version 2 beside controllers without devices", [mount("/sys/fs/cgroup/unified", "cgroup2", "rw")], "0::/", undefined],
  ];
  for (const [name, mounts, cgroup, want] of rows)
    it(`finds ${name}`, () => assert.deepEqual(findDeviceCgroups(`${mounts.join("\n")}\n`, `${cgroup}\n`), want));
});

it(
  "hasUsualDevicesOnly() tells a container from one with a device of the machine",
  { skip: process.getuid?.() === 0 ? false : "needs root" },
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-devices-"));
    mkdirSync(join(folder.path, "net"));
    symlinkSync("/proc/self/fd", join(folder.path, "fd"));
    makeNode(join(folder.path, "null"), { kind: "char", major: 1, minor: 3 });
    makeNode(join(folder.path, "net/tun"), { kind: "char", major: 10, minor: 200 });
    makeNode(join(folder.path, "console"), { kind: "char", major: 136, minor: 9 });
    assert.equal(hasUsualDevicesOnly(folder.path), true);
    makeNode(join(folder.path, "net/kvm"), { kind: "char", major: 10, minor: 232 });
    assert.equal(hasUsualDevicesOnly(folder.path), false);
  },
);
