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
import { seccompProfile } from "./seccomp.ts";

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
  assert.equal(stepCapabilities({ insecure: false, bounding: all }).length, 14);
  assert.equal(stepCapabilities({ insecure: true, bounding: all }).length, 41);
  const without = stepCapabilities({ insecure: false, bounding: all & ~(1n << 27n) });
  assert.ok(!without.includes("CAP_MKNOD") && without.length === 13);
});

describe("seccompProfile()", () => {
  const allowed = new Set(
    seccompProfile("x64").syscalls.flatMap(({ names, action, args }) => (action === "SCMP_ACT_ALLOW" && args === undefined ? names : [])),
  );
  const forbidden =
    "mount umount2 unshare setns bpf keyctl add_key request_key perf_event_open reboot init_module kexec_load swapon io_uring_setup open_by_handle_at userfaultfd pivot_root settimeofday";
  for (const name of forbidden.split(" ")) it(`forbids ${name}`, () => assert.ok(!allowed.has(name)));
  it("names every call once", () => {
    const names = seccompProfile("x64").syscalls[0]?.names ?? [];
    assert.equal(new Set(names).size, names.length);
  });
  it("makes clone3 fall back to clone", () => {
    assert.deepEqual(seccompProfile("arm64").syscalls.at(-1), { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 });
  });
});
