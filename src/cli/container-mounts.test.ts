/** Mounts, limits and variables of `decant run`, as text and as what they mean. */
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileVariables } from "./container-environment.ts";
import { containerResources, noNewPrivileges, parseDeviceFile } from "./container-limits.ts";
import { parseMount, parseTmpfs, parseVolume } from "./container-mounts.ts";

describe("parseVolume()", () => {
  const rows = [
    { text: "/data", want: { kind: "volume", target: "/data" } },
    { text: "./src:/src", want: { kind: "bind", source: "./src", target: "/src", readOnly: false } },
    { text: "/a:/b:ro", want: { kind: "bind", source: "/a", target: "/b", readOnly: true } },
    { text: "/a:/b:z,ro", want: { kind: "bind", source: "/a", target: "/b", readOnly: true } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseVolume(text), want));
  const refused = [
    { text: "data:/data", want: /^Named volume "data"/ },
    { text: "/a:/b:rx", want: /unknown option "rx"/ },
    { text: "/a:/b:ro:x", want: /wanted SOURCE:TARGET/ },
    { text: ":/b", want: /wanted SOURCE:TARGET/ },
    { text: "/a:", want: /wanted SOURCE:TARGET/ },
  ];
  for (const { text, want } of refused) it(`refuses ${text}`, () => assert.throws(() => parseVolume(text), { message: want }));
});

describe("parseMount()", () => {
  const rows = [
    { text: "type=bind,source=./a,target=/b,readonly", want: { kind: "bind", source: "./a", target: "/b", readOnly: true } },
    { text: "type=bind,src=/a,dst=/b,ro=false", want: { kind: "bind", source: "/a", target: "/b", readOnly: false } },
    {
      text: "type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=0700",
      want: { kind: "tmpfs", target: "/t", readOnly: false, sizeBytes: 1_048_576, mode: 0o700 },
    },
    { text: "target=/v", want: { kind: "volume", target: "/v" } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseMount(text), want));
  const refused = [
    { text: "type=bind,source=/a,target=/b,readonly=yes", want: /Cannot use --mount with readonly=yes: wanted true or false/ },
    { text: "type=bind,target=/b", want: /it has no source/ },
    { text: "type=bind,source=/b", want: /it has no target/ },
    { text: "type=bind,sorce=/a,target=/b", want: /unexpected key "sorce"/ },
    { text: "type=cluster,target=/b", want: /unexpected type "cluster"/ },
    { text: "type=volume,source=data,target=/b", want: /^Named volume "data"/ },
    { text: "type=tmpfs,target=/b,tmpfs-size=big", want: /wanted a size/ },
  ];
  for (const { text, want } of refused) it(`refuses ${text}`, () => assert.throws(() => parseMount(text), { message: want }));
});

describe("parseTmpfs()", () => {
  it("reads options", () => {
    const want = { kind: "tmpfs", target: "/t", readOnly: true, exec: true, sizeBytes: 65536, mode: 0o1777 };
    assert.deepEqual(parseTmpfs("/t:size=64k,mode=1777,ro,exec"), want);
  });
  it("refuses others", () => assert.throws(() => parseTmpfs("/t:uid=3"), { message: /unknown option "uid=3"/ }));
});

describe("limits of a container", () => {
  it("are read as docker reads them", () => {
    assert.deepEqual(containerResources({ memory: "64m", cpus: "1.5" }), {
      memoryBytes: 67_108_864,
      cpuPeriodUsec: 100_000,
      cpuQuotaUsec: 150_000,
    });
    assert.equal(containerResources({}), undefined);
    assert.throws(() => containerResources({ cpus: "many" }), { message: /wanted a number of processors/ });
    assert.deepEqual(parseDeviceFile("/dev/sda:/dev/x:r"), { source: "/dev/sda", target: "/dev/x", access: "r" });
    assert.throws(() => parseDeviceFile("fuse"), { message: /wanted SOURCE/ });
    assert.equal(noNewPrivileges(["no-new-privileges"]), true);
    assert.equal(noNewPrivileges(["no-new-privileges:false"]), false);
    assert.throws(() => noNewPrivileges(["apparmor=x"]), { code: "UNSUPPORTED" });
  });
});

describe("fileVariables()", () => {
  const read = async (text: string): Promise<string[]> => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-env-"));
    await writeFile(join(folder.path, "env"), text);
    return await fileVariables(["env"], { cwd: folder.path, env: { OURS: "o" } });
  };
  it("takes lines as docker does", async () => {
    assert.deepEqual(await read('\uFEFFA=1\r\n\n # note\n  B="x y" \nOURS\nNOT_OURS\nC=a=b\n'), ["A=1", 'B="x y" ', "OURS=o", "C=a=b"]);
  });
  it("names file and line of what it cannot read", async () => {
    await assert.rejects(read("A=1\nexport B=2\n"), { code: "USAGE", message: /"env": line 2: "export B" is no name/ });
  });
});
