/** The small files and variables that steps get. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CA_BUNDLE_TARGET, hostCaCertificates, withCaVariables } from "./ca-certificates.ts";
import { stepCapabilities } from "./capabilities.ts";
import { resolvConf } from "./network-files.ts";
import { type SeccompRule, seccompProfile } from "./seccomp.ts";

describe("resolvConf()", () => {
  const local = "search example.org\nnameserver 127.0.0.53\noptions edns0\n";
  const rows = [
    ["keeps the host's on the host's network", local, "host", local],
    [
      "drops loopback servers elsewhere",
      `nameserver ::1\nnameserver 10.0.0.2\n${local}`,
      "none",
      "nameserver 10.0.0.2\nsearch example.org\noptions edns0\n",
    ],
    [
      "names public servers when none is left",
      local,
      "none",
      "search example.org\noptions edns0\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n",
    ],
  ] as const;
  for (const [name, host, network, want] of rows) it(name, () => assert.equal(resolvConf(host, network), want));
});

it("hostCaCertificates() gives the first bundle that exists", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-ca-"));
  const bundle = join(folder.path, "ca.pem");
  assert.equal(hostCaCertificates({ CURL_CA_BUNDLE: bundle }), undefined);
  writeFileSync(bundle, "");
  assert.equal(hostCaCertificates({ SSL_CERT_FILE: "/missing", CURL_CA_BUNDLE: bundle }), bundle);
  assert.equal(hostCaCertificates({ SSL_CERT_FILE: folder.path }), undefined);
});

it("withCaVariables() keeps what the step has", () => {
  const env = withCaVariables(["A=b", "PIP_CERT=/own"]);
  assert.ok(env.includes("PIP_CERT=/own") && env.includes(`SSL_CERT_FILE=${CA_BUNDLE_TARGET}`));
  assert.equal(env.filter((pair) => pair.startsWith("PIP_CERT=")).length, 1);
});

it("stepCapabilities() gives Docker's set, all for insecure steps, and never what we lack", () => {
  const all = (1n << 41n) - 1n;
  assert.equal(stepCapabilities({ insecure: false, network: "none", bounding: all }).length, 14);
  assert.equal(stepCapabilities({ insecure: true, network: "none", bounding: all }).length, 41);
  const without = stepCapabilities({ insecure: false, network: "none", bounding: all & ~(1n << 27n) });
  assert.ok(!without.includes("CAP_MKNOD") && without.length === 13);
});

it("X5: stepCapabilities() keeps NET_RAW from steps on the host's network, but for insecure ones", () => {
  const all = (1n << 41n) - 1n;
  const host = stepCapabilities({ insecure: false, network: "host", bounding: all });
  assert.ok(!host.includes("CAP_NET_RAW") && host.length === 13);
  assert.ok(stepCapabilities({ insecure: false, network: "none", bounding: all }).includes("CAP_NET_RAW"));
  assert.equal(stepCapabilities({ insecure: true, network: "host", bounding: all }).length, 41);
});

describe("seccompProfile()", () => {
  const allowed = new Set(
    seccompProfile("x64", true).syscalls.flatMap(({ names, action, args }) =>
      action === "SCMP_ACT_ALLOW" && args === undefined ? names : [],
    ),
  );
  const forbidden =
    "mount umount2 unshare setns bpf keyctl add_key request_key perf_event_open reboot init_module kexec_load swapon io_uring_setup open_by_handle_at userfaultfd pivot_root settimeofday";
  for (const name of forbidden.split(" ")) it(`forbids ${name}`, () => assert.ok(!allowed.has(name)));
  it("names every call once", () => {
    const names = seccompProfile("x64", true)
      .syscalls.filter(({ args }) => args === undefined)
      .flatMap((rule) => rule.names);
    assert.equal(new Set(names).size, names.length);
  });
  it("makes clone3 fall back to clone", () => {
    assert.deepEqual(seccompProfile("arm64", true).syscalls.at(-1), { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 });
  });
  it("X11: says ENOSYS of what it does not know, and EPERM of all that it forbids", () => {
    const { defaultErrnoRet, syscalls } = seccompProfile("x64", true);
    assert.equal(defaultErrnoRet, 38);
    const refused = new Set(syscalls.flatMap(({ names, errnoRet, args }) => (errnoRet === 1 && args === undefined ? names : [])));
    assert.deepEqual(
      forbidden.split(" ").filter((name) => !refused.has(name)),
      [],
    );
  });
  const conditional = seccompProfile("x64", false).syscalls.filter(({ args }) => args !== undefined);
  const rows = [
    ["personality 0", "personality", [0], "allowed"],
    ["personality UNAME26", "personality", [0x20000], "allowed"],
    ["what personality is", "personality", [0xffffffff], "allowed"],
    ["no address randomisation", "personality", [0x40000], "EPERM"],
    ["odd personalities", "personality", [0x20007], "EPERM"],
    ["a null device", "mknod", [0, 0o20666, 0x103], "allowed"],
    ["a console without a cgroup", "mknod", [0, 0o20600, 0x501], "EPERM"],
    ["a tun device without a cgroup", "mknodat", [0, 0, 0o20666, 0xac8], "EPERM"],
    ["a disk without a cgroup", "mknod", [0, 0o60660, 0x103], "EPERM"],
    ["a pipe", "mknod", [0, 0o10644, 0], "allowed"],
    ["an ordinary clone", "clone", [0x01200011], "allowed"],
    ["a user namespace", "clone", [0x10000011], "EPERM"],
    ["an internet socket", "socket", [2], "allowed"],
    ["a socket of virtual machines", "socket", [40], "EPERM"],
  ] as const;
  for (const [name, call, values, want] of rows)
    it(`X11: decides once about ${name}: ${want}`, () => {
      const met = conditional.filter(({ names, args = [] }) => names.includes(call) && args.every((each) => holds(each, values)));
      assert.deepEqual([...new Set(met.map(({ action }) => (action === "SCMP_ACT_ALLOW" ? "allowed" : "EPERM")))], [want]);
    });
});

function holds({ index, value, valueTwo, op }: NonNullable<SeccompRule["args"]>[number], values: readonly number[]): boolean {
  const given = BigInt(values[index] ?? 0);
  if (op === "SCMP_CMP_EQ") return given === BigInt(value);
  if (op === "SCMP_CMP_NE") return given !== BigInt(value);
  return (given & BigInt(value)) === BigInt(valueTwo ?? 0);
}
