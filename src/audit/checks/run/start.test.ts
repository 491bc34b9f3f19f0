/** ENTRYPOINT and CMD: what is found where something is missing. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { auditSubject, auditTree } from "../../../../test/support/audit-subject.ts";
import {
  at,
  BASE,
  elfFile,
  NODE,
  program,
  run,
  runFindings,
  SHELL,
  testBroken,
  testWhole,
} from "../../../../test/support/broken-images.ts";
import { runAudit } from "../../run-audit.ts";

testBroken("start of a program", [
  {
    name: "the entrypoint is missing",
    tree: BASE,
    config: run("/app/server"),
    want: "error program-missing /app/server",
    message: /^The image starts "\/app\/server", and it is not in the image$/,
    remedy: /^Copy the program into the image/,
  },
  {
    name: "a program is not in PATH",
    tree: { ...BASE, "opt/tool/tool": program() },
    config: { ...run("tool"), Env: ["PATH=/usr/bin:/bin"] },
    want: "error program-missing undefined",
    message: /it is in none of the directories of PATH \(\/usr\/bin:\/bin\)/,
    remedy: /correct ENTRYPOINT, CMD, WORKDIR or PATH/,
  },
  {
    name: "a path in the wrong case",
    tree: { ...BASE, "app/Server": program() },
    config: run("/app/server"),
    want: "error program-missing /app/server",
    message: /it has "\/app\/Server"$/,
    remedy: /write "\/app\/Server"$/,
  },
  {
    name: "a relative entrypoint and another working directory",
    tree: { ...BASE, "app/server": program(), srv: "dir 755" },
    config: { ...run("./server"), WorkingDir: "/srv" },
    want: "error program-missing undefined",
    message: /starts ".\/server"/,
    remedy: /WORKDIR/,
  },
  {
    name: "an entrypoint without execute permission",
    tree: { ...BASE, "app/start.sh": "file 644 0:0 #!/bin/sh\n" },
    config: run("/app/start.sh"),
    want: "error program-not-executable /app/start.sh",
    message: /its mode has no execute bit/,
    remedy: /COPY --chmod=755/,
  },
  {
    name: "an entrypoint that is a directory",
    tree: { ...BASE, "app/server/main": program() },
    config: run("/app/server"),
    want: "error program-not-executable /app/server",
    message: /it is a directory/,
    remedy: /permission/,
  },
  {
    name: "an entrypoint that is no program",
    tree: { ...BASE, ...SHELL, "app/start": "file 755 0:0 exec /app/server" },
    config: run("/app/start"),
    want: "error program-format /app/start",
    message: /neither an ELF file nor a script that starts with "#!"/,
    remedy: /first line \(#!\/bin\/sh\)/,
  },
  {
    name: "an empty entrypoint",
    tree: { ...BASE, "app/start": "file 755" },
    config: run("/app/start"),
    want: "error program-format /app/start",
    message: /it is empty/,
    remedy: /^Copy the program itself/,
  },
  {
    name: "a program for another architecture",
    tree: { ...BASE, "app/server": program({ machine: 183, interpreter: "/lib/ld-linux-aarch64.so.1" }) },
    config: run("/app/server"),
    want: "error elf-wrong-architecture /app/server",
    message: /it is for arm64/,
    remedy: /platform of the image/,
  },
  {
    name: "a damaged program",
    tree: { ...BASE, "app/server": program().subarray(0, 0x140) },
    config: run("/app/server"),
    want: "error elf-damaged /app/server",
    message: /the dynamic section would be at/,
    remedy: /again/,
  },
  {
    name: "CMD in shell form without a shell",
    tree: { ...BASE, "app/server": program() },
    config: at("/app", "/bin/sh", "-c", "./server --port 80"),
    want: "error shell-form-without-shell /bin/sh",
    message: /^The command ".\/server --port 80" is in shell form, and the shell "\/bin\/sh" is not in the image$/,
    remedy: /CMD \["\.\/server","--port","80"\]/,
  },
  {
    name: "a program in shell form that is missing",
    tree: { ...BASE, ...SHELL },
    config: at("/", "/bin/sh", "-c", "exec /app/server --port 80"),
    want: "error program-missing /app/server",
    message: /starts "\/app\/server"/,
    remedy: /Copy/,
  },
  {
    name: "a program behind tini that is missing",
    tree: { ...BASE, "usr/bin/tini": program() },
    config: { ...run("/usr/bin/tini", "-g", "--"), Cmd: ["/app/server"] },
    want: "error program-missing /app/server",
    message: /starts "\/app\/server"/,
    remedy: /Copy/,
  },
  {
    name: "a script without its interpreter",
    tree: { ...BASE, "app/start.sh": "file 755 0:0 #!/bin/bash -e\nexec ./server" },
    config: run("/app/start.sh"),
    want: "error script-interpreter-missing /app/start.sh",
    message: /its interpreter "\/bin\/bash" is not in the image/,
    remedy: /^Add the Debian package bash, or take a base that has "\/bin\/bash"/,
  },
  {
    name: "a script for env without the program",
    tree: { ...BASE, ...SHELL, "app/start.rb": "file 755 0:0 #!/usr/bin/env ruby\n" },
    config: run("/app/start.rb"),
    want: "error script-interpreter-missing /app/start.rb",
    message: /its interpreter "ruby" is not in the image/,
    remedy: /Take a base that has "ruby"/,
  },
  {
    name: "a script for env with two words",
    tree: { ...NODE, "app/start.js": "file 755 0:0 #!/usr/bin/env node --enable-source-maps\n" },
    config: run("/app/start.js"),
    want: "error script-interpreter-missing /app/start.js",
    message: /its interpreter "node --enable-source-maps" is not in the image; only env -S splits words/,
    remedy: /#!\/usr\/bin\/env -S/,
  },
  {
    name: "a script with Windows line ends",
    tree: { ...BASE, ...SHELL, "app/start.sh": "file 755 0:0 #!/bin/sh\r\nexec /app/server\r\n" },
    config: run("/app/start.sh"),
    want: "error script-carriage-return /app/start.sh",
    message: /carriage return/,
    remedy: /LF line ends/,
  },
  {
    name: "a script whose first line is too long",
    tree: { ...BASE, ...SHELL, "app/start": `file 755 0:0 #!/${"x".repeat(300)}/bin/python3\n` },
    config: run("/app/start"),
    want: "error script-line /app/start",
    message: /does not end within the first 256 bytes/,
    remedy: /absolute path of an interpreter/,
  },
  {
    name: "a link to a program that was not copied",
    tree: { ...BASE, "app/server": program(), "usr/bin/tool": "link ../lib/tool/tool" },
    config: run("/app/server"),
    want: "warning dangling-link /usr/bin/tool",
    message: /leads to "..\/lib\/tool\/tool"/,
    remedy: /Copy what it leads to/,
  },
  {
    name: "a working directory that the user cannot enter",
    tree: { ...BASE, "app/server": program(), root: "dir 700" },
    config: { ...run("/app/server"), WorkingDir: "/root" },
    want: "error workdir-unreachable /root",
    message: /./,
    remedy: /./,
  },
  {
    name: "a health check in shell form without a shell",
    tree: { ...BASE, "app/server": program() },
    config: { ...run("/app/server"), Healthcheck: { Test: ["CMD-SHELL", "wget -q localhost"] } },
    want: "error healthcheck-shell /bin/sh",
    message: /./,
    remedy: /./,
  },
  {
    name: "a program that only root may start",
    tree: { ...BASE, "app/server": program(), app: "dir 700" },
    config: run("/app/server"),
    want: "error program-not-executable /app/server",
    message: /^The user with uid 65532 may not start "\/app\/server": "\/app" has mode 700 and belongs to 0:0$/,
    remedy: /^Give others the permission \(chmod o\+x \/app, /,
  },
  {
    name: "a script that the user may execute and not read",
    tree: { ...BASE, ...SHELL, "app/start": "file 711 0:0 #!/bin/sh\n" },
    config: run("/app/start"),
    want: "error program-not-executable /app/start",
    message: /"\/app\/start" has mode 711/,
    remedy: /chmod o\+rx \/app\/start/,
  },
  {
    name: "a program that an entry script ends with",
    tree: { ...BASE, ...SHELL, "app/entry.sh": "file 755 0:0 #!/bin/sh\nset -e\nexec /app/server\n" },
    config: run("/app/entry.sh"),
    want: "error program-missing /app/server",
    message: /^The image starts "\/app\/server"/,
    remedy: /Copy/,
  },
  {
    name: "CMD of another machine behind an entry script that ends with it",
    tree: { ...BASE, ...SHELL, "app/entry.sh": 'file 755 0:0 #!/bin/sh\nexec "$@"\n', "app/server": program({ machine: 183 }) },
    config: { ...run("/app/entry.sh"), Cmd: ["/app/server"] },
    want: "error elf-wrong-architecture /app/server",
    message: /^The image starts/,
    remedy: /platform/,
  },
  {
    name: "what an entry script may start",
    tree: {
      ...BASE,
      ...SHELL,
      "app/entry.sh": 'file 755 0:0 #!/bin/sh\n. /app/lib.sh\nstart "$@"\n',
      "app/server": program({ machine: 183 }),
    },
    config: { ...run("/app/entry.sh"), Cmd: ["/app/server"] },
    want: "warning elf-wrong-architecture /app/server",
    message: /^The image may start/,
    remedy: /platform/,
  },
]);

testWhole([
  ["a static program on nothing", { tmp: "dir 1777", app: elfFile({ isStatic: true, type: "executable" }) }, run("/app")],
  [
    "an entry script that starts CMD",
    { ...BASE, ...SHELL, "app/entry.sh": 'file 755 0:0 #!/bin/sh\nexec "$@"', "app/server": program() },
    { ...run("/app/entry.sh"), Cmd: ["/app/server"] },
  ],
]);

it("an audit of a base image only remarks that it starts nothing", async () => {
  const findings = await runFindings(BASE, { User: "65532", WorkingDir: "/" });
  assert.deepEqual(
    findings.map(({ severity, id }) => `${severity} ${id}`),
    ["note command-missing"],
  );
});

it("an audit of an image for another system says that it does not know its programs", async () => {
  const subject = auditSubject(auditTree({ "app.exe": "file 755 0:0 MZ" }), { Cmd: ["app.exe"] }, { os: "windows", architecture: "amd64" });
  const { findings } = await runAudit(subject);
  assert.deepEqual(
    findings.filter(({ group }) => group === "run").map(({ severity, id, message }) => `${severity} ${id}: ${message}`),
    ["note platform-not-examined: The audit did not check whether programs for windows/amd64 run: it does not know their format"],
  );
});
