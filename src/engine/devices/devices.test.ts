/** CDI specifications: what is read, what names mean, who may use what. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../../errors.ts";
import { openDevices } from "./access.ts";
import { readCdiSpec } from "./cdi-spec.ts";
import type { DeviceAllowance } from "./find.ts";
import { injectDevices } from "./injection.ts";
import { readDeviceRegistry } from "./registry.ts";

const NONE: DeviceAllowance = { all: false, names: [], aliases: new Map() };
const ALL: DeviceAllowance = { ...NONE, all: true };

const VENDOR = `cdiVersion: "0.6.0"
kind: vendor1.com/device
devices:
  - { name: foo, containerEdits: { env: [FOO=injected] } }
  - name: bar
    annotations: { org.mobyproject.buildkit.device.class: class1 }
    containerEdits: { env: [BAR=injected] }
  - name: baz
    annotations: { org.mobyproject.buildkit.device.class: class1, org.mobyproject.buildkit.device.autoallow: true }
    containerEdits: { env: [BAZ=injected] }
`;

const one = (kind: string, name: string, edits: object, more: object = {}): string =>
  JSON.stringify({ cdiVersion: "1.0.0", kind, devices: [{ name, containerEdits: edits }], ...more });

/** What a step that asks for `names` gets of these files, or why not. */
async function resolved(
  files: Readonly<Record<string, string>>,
  names: readonly string[],
  { allowance = ALL, optional = false }: { readonly allowance?: DeviceAllowance; readonly optional?: boolean } = {},
): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-cdi-"));
  for (const name of ["etc", "run"]) mkdirSync(join(folder.path, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  const warnings: string[] = [];
  const folders = ["etc", "run", "none"].map((name) => join(folder.path, name));
  const access = openDevices({ folders, allowance, warn: (code) => void warnings.push(code) });
  try {
    const found = await access.resolve(names.map((name) => ({ name, optional })));
    return [...(found?.names ?? []), ...(found?.env ?? []), ...warnings].join(" ");
  } catch (error) {
    if (!isDecantError(error)) throw error;
    return `${error.code}: ${error.message.replaceAll(folder.path, "")}`;
  }
}

describe("readCdiSpec()", () => {
  const good = { cdiVersion: "0.6.0", kind: "vendor.com/class", devices: [{ name: "a", containerEdits: {} }] };
  const rows: readonly { readonly name: string; readonly change: object; readonly want: string }[] = [
    { name: "a version that it does not know", change: { cdiVersion: "2.0.0" }, want: "cdiVersion: wanted a version" },
    { name: "a kind without vendor", change: { kind: "class" }, want: "kind: wanted VENDOR/CLASS" },
    { name: "no devices", change: { devices: [] }, want: "devices: wanted at least one" },
    { name: "a device twice", change: { devices: [...good.devices, ...good.devices] }, want: "devices: wanted each name once" },
    { name: "a name with a slash", change: { devices: [{ name: "a/b", containerEdits: {} }] }, want: "devices.0.name: wanted letters" },
    { name: "a key that it does not know", change: { container: 1 }, want: "container: " },
    { name: "an environment without a value", change: { containerEdits: { env: ["A"] } }, want: "containerEdits.env.0: wanted NAME=value" },
    {
      name: "permissions of other letters",
      change: { containerEdits: { deviceNodes: [{ path: "/dev/a", permissions: "x" }] } },
      want: "wanted letters of rwm",
    },
    {
      name: "a hook of another name",
      change: { containerEdits: { hooks: [{ hookName: "later", path: "/a" }] } },
      want: "containerEdits.hooks.0.hookName",
    },
  ];
  it("takes the least there can be", () => assert.equal("spec" in readCdiSpec(good), true));
  for (const { name, change, want } of rows) {
    it(`refuses ${name}`, () => {
      const read = readCdiSpec({ ...good, ...change });
      assert.ok("problem" in read && read.problem.includes(want), JSON.stringify(read));
    });
  }
  for (const value of [undefined, null, 1, [], "a", { __proto__: null }])
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal("problem" in readCdiSpec(value), true));
});

describe("names of devices", () => {
  const rows: readonly { readonly names: readonly string[]; readonly want: string }[] = [
    { names: ["vendor1.com/device=foo"], want: "vendor1.com/device=foo FOO=injected" },
    { names: ["vendor1.com/device"], want: "vendor1.com/device=bar BAR=injected" },
    {
      names: ["vendor1.com/device=*"],
      want: "vendor1.com/device=bar vendor1.com/device=baz vendor1.com/device=foo BAR=injected BAZ=injected FOO=injected",
    },
    { names: ["class1"], want: "vendor1.com/device=bar vendor1.com/device=baz BAR=injected BAZ=injected" },
    { names: ["vendor1.com/device=foo", "vendor1.com/device=foo"], want: "vendor1.com/device=foo FOO=injected" },
  ];
  for (const { names, want } of rows)
    it(names.join(" and "), async () => assert.equal(await resolved({ "etc/vendor.yaml": VENDOR }, names), want));

  it("are an error when required and not there, and a warning when not", async () => {
    assert.match(
      await resolved({ "etc/v.yaml": VENDOR }, ["vendor1.com/device=no"]),
      /^RUN_FAILED: .*required device "vendor1\.com\/device=no" is not registered; there are vendor1/,
    );
    assert.equal(await resolved({}, ["vendor1.com/device=no"], { optional: true }), "DeviceNotFound");
    assert.match(await resolved({ "etc/bad.json": "{" }, ["a.b/c=d"]), /no device is, in \/etc, .*"\/etc\/bad\.json" cannot be read/);
  });
});

describe("folders of specifications", () => {
  const rows: readonly { readonly name: string; readonly files: Readonly<Record<string, string>>; readonly want: string }[] = [
    {
      name: "the last one wins",
      files: { "etc/a.json": one("v.c/d", "x", { env: ["A=etc"] }), "run/a.json": one("v.c/d", "x", { env: ["A=run"] }) },
      want: "v.c/d=x A=run",
    },
    {
      name: "two files with one device in a folder: neither",
      files: { "etc/a.json": one("v.c/d", "x", {}), "etc/b.json": one("v.c/d", "x", {}) },
      want: "DeviceNotFound",
    },
    { name: "other files are not read", files: { "etc/a.txt": one("v.c/d", "x", {}) }, want: "DeviceNotFound" },
    { name: "a bad file hides no good one", files: { "etc/a.json": "[", "etc/b.json": one("v.c/d", "x", {}) }, want: "v.c/d=x" },
  ];
  for (const { name, files, want } of rows)
    it(name, async () => assert.equal(await resolved(files, ["v.c/d=x"], { optional: true }), want));

  it("say which files are bad", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-cdi-"));
    writeFileSync(join(folder.path, "a.yaml"), "kind: x\n");
    symlinkSync("/dev/zero", join(folder.path, "b.yaml"));
    mkdirSync(join(folder.path, "c.yaml"));
    const { devices, problems } = await readDeviceRegistry([folder.path]);
    assert.deepEqual(devices, []);
    assert.equal(problems.length, 2);
    assert.match(problems.join(), /b\.yaml" cannot be read: it is a device; wanted a file/);
    assert.match(problems.join(), /a\.yaml" is no CDI specification: /);
  });
});

describe("permissions", () => {
  const files = { "etc/vendor.yaml": VENDOR };
  const rows: readonly {
    readonly name: string;
    readonly allowance: Partial<DeviceAllowance>;
    readonly ask: string;
    readonly want: RegExp;
  }[] = [
    {
      name: "nothing is allowed by itself",
      allowance: {},
      ask: "vendor1.com/device=foo",
      want: /^DOCKERFILE_SEMANTIC: .*device vendor1\.com\/device=foo is requested by the build but not allowed/,
    },
    { name: "a name is", allowance: { names: ["vendor1.com/device=foo"] }, ask: "vendor1.com/device=foo", want: /^vendor1/ },
    { name: "a class is", allowance: { names: ["class1"] }, ask: "vendor1.com/device=bar", want: /^vendor1/ },
    { name: "what allows itself is", allowance: {}, ask: "vendor1.com/device=baz", want: /BAZ=injected/ },
    { name: "all of several must be", allowance: {}, ask: "class1", want: /device vendor1\.com\/device=bar is requested/ },
    {
      name: "an alias is, for what it stands for",
      allowance: { aliases: new Map([["gpu", "vendor1.com/device=foo"]]) },
      ask: "gpu",
      want: /^vendor1\.com\/device=foo/,
    },
  ];
  for (const { name, allowance, ask, want } of rows)
    it(name, async () => assert.match(await resolved(files, [ask], { allowance: { ...NONE, ...allowance } }), want));
  it("are needed for optional devices too", async () =>
    assert.match(await resolved(files, ["vendor1.com/device=foo"], { allowance: NONE, optional: true }), /^DOCKERFILE_SEMANTIC/));
});

describe("injectDevices()", () => {
  const inject = (edits: object, more: object = {}): ReturnType<typeof injectDevices> => {
    const read = readCdiSpec(JSON.parse(one("v.c/d", "x", edits, more)));
    if ("problem" in read) throw new Error(read.problem);
    return injectDevices(read.spec.devices.map((device) => ({ name: "v.c/d=x", device, spec: read.spec })));
  };
  it("takes numbers and mode of a device file from the host", () => {
    assert.deepEqual(inject({ deviceNodes: [{ path: "/dev/x", hostPath: "/dev/null", permissions: "rw" }] }).devices, [
      { path: "/dev/x", type: "c", major: 1, minor: 3, access: "rw", fileMode: 0o666 },
    ]);
  });
  it("takes what the specification says before that", () => {
    assert.deepEqual(inject({ deviceNodes: [{ path: "/dev/none", type: "b", major: 7, minor: 9, fileMode: 0o600, uid: 5 }] }).devices, [
      { path: "/dev/none", type: "b", major: 7, minor: 9, access: "rwm", fileMode: 0o600, uid: 5 },
    ]);
  });
  it("applies the edits of a specification before those of its devices", () => {
    assert.deepEqual(inject({ env: ["A=device"] }, { containerEdits: { env: ["A=all", "B=all"] } }).env, ["A=device", "B=all"]);
  });
  it("makes binds of mounts", () => {
    assert.deepEqual(inject({ mounts: [{ hostPath: "/a", containerPath: "/b", options: ["ro", "nosuid", "rbind"] }] }).mounts, [
      { kind: "bind", source: "/a", target: "/b", readOnly: true, options: ["nosuid"] },
    ]);
  });
  const refused: readonly { readonly name: string; readonly edits: object; readonly want: RegExp }[] = [
    {
      name: "a device file that is not there",
      edits: { deviceNodes: [{ path: "/dev/no-such" }] },
      want: /^RUNTIME: .*cannot be read \(ENOENT\)/,
    },
    {
      name: "an ordinary file",
      edits: { deviceNodes: [{ path: "/dev/x", hostPath: "/etc/passwd" }] },
      want: /^RUNTIME: .*it is no device file/,
    },
    {
      name: "another type",
      edits: { deviceNodes: [{ path: "/dev/x", hostPath: "/dev/null", type: "b" }] },
      want: /^RUNTIME: .*no device of type "b"/,
    },
    {
      name: "a device file elsewhere",
      edits: { deviceNodes: [{ path: "/x", hostPath: "/dev/null" }] },
      want: /^UNSUPPORTED: .*outside of \/dev/,
    },
    { name: "network devices", edits: { netDevices: [{ name: "a", hostInterfaceName: "b" }] }, want: /^UNSUPPORTED: "netDevices"/ },
    {
      name: "another file system",
      edits: { mounts: [{ hostPath: "tmpfs", containerPath: "/b", type: "tmpfs" }] },
      want: /^UNSUPPORTED: .*type "tmpfs"/,
    },
  ];
  for (const { name, edits, want } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => inject(edits),
        (error) => isDecantError(error) && want.test(`${error.code}: ${error.message}`),
      );
    });
  }
});
