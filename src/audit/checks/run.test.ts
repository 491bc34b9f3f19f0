/** "It will run" on images that are broken in one way each: what is found, where, and what to do. And on images that are whole. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditSubject, auditTree, type AuditTreeSpec } from "../../../test/support/audit-subject.ts";
import { elfFile, type ElfSpec } from "../../../test/support/elf-file.ts";
import { zipFile } from "../../../test/support/zip-file.ts";
import type { ContainerConfig } from "../../oci/index.ts";
import { runAudit } from "../run-audit.ts";
import type { AuditContext } from "../types.ts";

const LOADER = "/lib64/ld-linux-x86-64.so.2";
const MUSL = "/lib/ld-musl-x86_64.so.1";
const TRIPLET = "usr/lib/x86_64-linux-gnu";
const LIBC = { library: "libc.so.6", versions: [{ name: "GLIBC_2.34", weak: false }] };

const library = (soname: string, spec: ElfSpec = {}): Buffer => elfFile({ soname, needed: ["libc.so.6"], ...spec });
const program = (spec: ElfSpec = {}): Buffer =>
  elfFile({ interpreter: LOADER, isPie: true, needed: ["libc.so.6"], versionNeeds: [LIBC], ...spec });
const addon = (spec: ElfSpec = {}): Buffer => elfFile({ needed: ["libc.so.6"], ...spec });

const glibc = (latest: number): Buffer =>
  library("libc.so.6", {
    needed: ["ld-linux-x86-64.so.2"],
    versionDefinitions: ["GLIBC_2.2.5", ...Array.from({ length: latest - 16 }, (_, at) => `GLIBC_2.${at + 17}`), "GLIBC_PRIVATE"],
  });
/** A base with glibc as Debian has it. */
const BASE: AuditTreeSpec = {
  bin: "link usr/bin",
  lib: "link usr/lib",
  lib64: "link usr/lib64",
  "etc/passwd": "file 644 0:0 root:x:0:0:root:/root:/sbin/nologin",
  tmp: "dir 1777",
  "usr/lib64/ld-linux-x86-64.so.2": library("ld-linux-x86-64.so.2", { needed: [], versionDefinitions: ["GLIBC_2.2.5"] }),
  [`${TRIPLET}/libc.so.6`]: glibc(36),
};
const SHELL: AuditTreeSpec = { "usr/bin/dash": program(), "usr/bin/sh": "link dash", "usr/bin/env": program() };
const ALPINE: AuditTreeSpec = { tmp: "dir 1777", "lib/ld-musl-x86_64.so.1": elfFile({ soname: "libc.musl-x86_64.so.1" }) };
const NODE: AuditTreeSpec = { ...BASE, "usr/bin/node": program(), "usr/bin/env": program() };
const PYTHON: AuditTreeSpec = {
  ...BASE,
  "usr/bin/python3": "link python3.11",
  "usr/bin/python3.11": program(),
  "usr/lib/python3.11/os.py": "file",
  "usr/bin/env": program(),
};
const JAVA: AuditTreeSpec = { ...BASE, "usr/bin/java": program() };
const MANIFEST = "META-INF/MANIFEST.MF";

interface Broken {
  readonly name: string;
  readonly tree: AuditTreeSpec;
  readonly config: ContainerConfig;
  /** "severity id path" */
  readonly want: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

const run = (...Entrypoint: readonly string[]): ContainerConfig => ({ Entrypoint, User: "65532", WorkingDir: "/" });
const at = (WorkingDir: string, ...Cmd: readonly string[]): ContainerConfig => ({ Cmd, User: "65532", WorkingDir });

const BROKEN: readonly Broken[] = [
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
    message: /there is "\/app\/Server"$/,
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
    name: "a missing loader: a dynamic program on static",
    tree: { tmp: "dir 1777", "app/server": program() },
    config: run("/app/server"),
    want: "error elf-interpreter-missing /app/server",
    message: /linked against glibc, and its loader "\/lib64\/ld-linux-x86-64.so.2" is not in the image$/,
    remedy: /[Tt]ake a base with a C library/,
  },
  {
    name: "the wrong libc: a program of Alpine on Debian",
    tree: { ...BASE, "app/server": program({ interpreter: MUSL, needed: ["libc.musl-x86_64.so.1"], versionNeeds: [] }) },
    config: run("/app/server"),
    want: "error elf-interpreter-missing /app/server",
    message: /linked against musl \(Alpine\).*; the image has glibc$/,
    remedy: /^Build it in a stage with glibc/,
  },
  {
    name: "the wrong libc: a program of Debian on Alpine",
    tree: { ...ALPINE, "app/server": program() },
    config: run("/app/server"),
    want: "error elf-interpreter-missing /app/server",
    message: /linked against glibc.*; the image has musl$/,
    remedy: /^Build it in a stage with musl/,
  },
  {
    name: "a missing library",
    tree: { ...BASE, "app/server": program({ needed: ["libpq.so.5", "libc.so.6"] }) },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /^"\/app\/server" needs the library "libpq.so.5", and it is not in the image$/,
    remedy: /^Add the Debian package libpq5, or copy "libpq.so.5"/,
  },
  {
    name: "a missing library of a library",
    tree: {
      ...BASE,
      "app/server": program({ needed: ["libpq.so.5"] }),
      [`${TRIPLET}/libpq.so.5`]: library("libpq.so.5", { needed: ["libldap.so.2"] }),
    },
    config: run("/app/server"),
    want: `error elf-missing-library /${TRIPLET}/libpq.so.5`,
    message: /needs the library "libldap.so.2".*\(loaded for "\/app\/server"\)$/,
    remedy: /^Copy "libldap.so.2"/,
  },
  {
    name: "a library where the loader does not look",
    tree: { ...BASE, "app/server": program({ needed: ["libfoo.so.1"] }), "usr/local/lib/libfoo.so.1": library("libfoo.so.1") },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /it is at "\/usr\/local\/lib\/libfoo.so.1", where the loader does not look$/,
    remedy: /^Set ENV LD_LIBRARY_PATH=\/usr\/local\/lib, or link with -Wl,-rpath,\/usr\/local\/lib$/,
  },
  {
    name: "a library of ld.so.conf without ld.so.cache",
    tree: {
      ...BASE,
      "etc/ld.so.conf": "file 644 0:0 include /etc/ld.so.conf.d/*.conf",
      "etc/ld.so.conf.d/libc.conf": "file 644 0:0 # default\n/usr/local/lib",
      "app/server": program({ needed: ["libfoo.so.1"] }),
      "usr/local/lib/libfoo.so.1": library("libfoo.so.1"),
    },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /where the loader does not look/,
    remedy: /^Run ldconfig in the stage: "\/usr\/local\/lib" is in \/etc\/ld.so.conf/,
  },
  {
    name: "a search path that was lost: $ORIGIN leads elsewhere after the copy",
    tree: {
      ...BASE,
      "usr/bin/server": program({ needed: ["libfoo.so.1"], runpath: "$ORIGIN/../lib/server" }),
      "app/lib/server/libfoo.so.1": library("libfoo.so.1"),
    },
    config: run("/usr/bin/server"),
    want: "error elf-missing-library /usr/bin/server",
    message: /it is at "\/app\/lib\/server\/libfoo.so.1"/,
    remedy: /LD_LIBRARY_PATH=\/app\/lib\/server/,
  },
  {
    name: "a search path that is not inherited: DT_RUNPATH",
    tree: {
      ...BASE,
      "app/server": program({ needed: ["libone.so"], runpath: "$ORIGIN/lib" }),
      "app/lib/libone.so": library("libone.so", { needed: ["libtwo.so"] }),
      "app/lib/libtwo.so": library("libtwo.so"),
    },
    config: run("/app/server"),
    want: "error elf-missing-library /app/lib/libone.so",
    message: /"libtwo.so", and it is at "\/app\/lib\/libtwo.so"/,
    remedy: /LD_LIBRARY_PATH=\/app\/lib/,
  },
  {
    name: "a library for another architecture",
    tree: {
      ...BASE,
      "app/server": program({ needed: ["libfoo.so.1"] }),
      [`${TRIPLET}/libfoo.so.1`]: library("libfoo.so.1", { machine: 183 }),
    },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /"\/lib\/x86_64-linux-gnu\/libfoo.so.1" is passed over, because it is for arm64/,
    remedy: /Replace it by a "libfoo.so.1" for the platform/,
  },
  {
    name: "a linker script for a library",
    tree: { ...BASE, "app/server": program({ needed: ["libfoo.so"] }), [`${TRIPLET}/libfoo.so`]: "file 644 0:0 INPUT(libfoo.so.1)" },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /the loader stops at "\/lib\/x86_64-linux-gnu\/libfoo.so", because it is no ELF file/,
    remedy: /Replace it/,
  },
  {
    name: "a link to a libc that was not copied",
    tree: { ...BASE, [`${TRIPLET}/libc.so.6`]: "link libc-2.31.so", "app/server": program() },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /the link "\/usr\/lib\/x86_64-linux-gnu\/libc.so.6" leads to "libc-2.31.so", which is not there/,
    remedy: /^Add the Debian package libc6/,
  },
  {
    name: "a glibc that is too old",
    tree: { ...BASE, [`${TRIPLET}/libc.so.6`]: glibc(31), "app/server": program() },
    config: run("/app/server"),
    want: "error elf-missing-version /app/server",
    message:
      /^"\/app\/server" needs GLIBC_2.34 of "libc.so.6", and "\/usr\/lib\/x86_64-linux-gnu\/libc.so.6" has no later one than GLIBC_2.31$/,
    remedy: /take a newer base/,
  },
  {
    name: "a libstdc++ that is too old for a library",
    tree: {
      ...BASE,
      "app/server": program({ needed: ["libfoo.so"] }),
      [`${TRIPLET}/libfoo.so`]: library("libfoo.so", {
        needed: ["libstdc++.so.6"],
        versionNeeds: [{ library: "libstdc++.so.6", versions: [{ name: "GLIBCXX_3.4.30", weak: false }] }],
      }),
      [`${TRIPLET}/libstdc++.so.6`]: library("libstdc++.so.6", { versionDefinitions: ["GLIBCXX_3.4", "GLIBCXX_3.4.9", "GLIBCXX_3.4.28"] }),
    },
    config: run("/app/server"),
    want: `error elf-missing-version /${TRIPLET}/libfoo.so`,
    message: /GLIBCXX_3.4.30 .* no later one than GLIBCXX_3.4.28/,
    remedy: /not newer than that of the image/,
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
    name: "a script of a virtual environment that was moved",
    tree: { ...PYTHON, "app/venv/bin/gunicorn": "file 755 0:0 #!/build/venv/bin/python3\n" },
    config: run("/app/venv/bin/gunicorn"),
    want: "error script-interpreter-missing /app/venv/bin/gunicorn",
    message: /its interpreter "\/build\/venv\/bin\/python3" is not in the image/,
    remedy: /A virtual environment cannot be moved.*"-m", "gunicorn"/,
  },
  {
    name: "a main module that is missing",
    tree: { ...NODE, "app/index.js": "file" },
    config: at("/app", "node", "server.js"),
    want: "error node-main-missing /app/server.js",
    message: /there is no "\/app\/server.js"/,
    remedy: /^Copy it into the image/,
  },
  {
    name: "node twice, as ENTRYPOINT of the base and in CMD",
    tree: { ...NODE, "app/server.js": "file" },
    config: { ...run("/usr/bin/node"), Cmd: ["node", "server.js"], WorkingDir: "/app" },
    want: "error node-main-missing /app/node",
    message: /with "node" as its main module/,
    remedy: /^Leave "node" out of CMD/,
  },
  {
    name: "CMD in shell form behind an ENTRYPOINT that is node",
    tree: { ...NODE, "app/server.js": "file" },
    config: { ...run("/usr/bin/node"), Cmd: ["/bin/sh", "-c", "server.js"], WorkingDir: "/app" },
    want: "error node-main-missing /bin/sh",
    message: /with "\/bin\/sh" as its main module/,
    remedy: /in shell form it becomes the arguments of ENTRYPOINT/,
  },
  {
    name: "a package that is not in node_modules",
    tree: { ...NODE, "app/server.js": 'file 644 0:0 import express from "express";', "app/package.json": 'file 644 0:0 {"type":"module"}' },
    config: at("/app", "node", "server.js"),
    want: "error node-module-missing /app/server.js",
    message: /^"\/app\/server.js" imports "express", which is not in the image$/,
    remedy: /not "devDependencies"/,
  },
  {
    name: "a package of a package that is missing",
    tree: {
      ...NODE,
      "app/server.js": 'file 644 0:0 const app = require("express")();',
      "app/node_modules/express/package.json": 'file 644 0:0 {"main":"lib"}',
      "app/node_modules/express/lib/index.js": 'file 644 0:0 require("body-parser"); try { require("optional") } catch {}',
    },
    config: at("/app", "node", "server"),
    want: "error node-module-missing /app/node_modules/express/lib/index.js",
    message: /imports "body-parser"/,
    remedy: /COPY node_modules whole/,
  },
  {
    name: "an import in the wrong case",
    tree: { ...NODE, "app/main.mjs": 'file 644 0:0 import "./Util.mjs";', "app/util.mjs": "file" },
    config: at("/app", "node", "main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /there is "\/app\/util.mjs"/,
    remedy: /upper and lower case/,
  },
  {
    name: "a subpath that a package does not export",
    tree: {
      ...NODE,
      "app/main.mjs": 'file 644 0:0 import "tool/inner.js";',
      "app/node_modules/tool/package.json": 'file 644 0:0 {"exports":{".":"./index.js"}}',
      "app/node_modules/tool/inner.js": "file",
    },
    config: at("/app", "node", "main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /"tool\/inner.js"/,
    remedy: /Install it/,
  },
  {
    name: "npm start without the script",
    tree: { ...NODE, "usr/bin/npm": "file 755 0:0 #!/usr/bin/env node\n", "app/package.json": 'file 644 0:0 {"scripts":{"build":"tsc"}}' },
    config: at("/app", "npm", "start"),
    want: "error node-main-missing /app/package.json",
    message: /^"npm start" needs a script "start", which "\/app\/package.json" does not have$/,
    remedy: /CMD \["node", "server.js"\]/,
  },
  {
    name: "npm start whose program is missing",
    tree: {
      ...NODE,
      "usr/bin/npm": "file 755 0:0 #!/usr/bin/env node\n",
      "app/package.json": 'file 644 0:0 {"scripts":{"start":"node dist/main.js"}}',
    },
    config: at("/app", "npm", "start"),
    want: "error node-main-missing /app/dist/main.js",
    message: /"dist\/main.js"/,
    remedy: /Copy/,
  },
  {
    name: "a native add-on of another machine",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("sqlite");',
      "app/node_modules/sqlite/index.js": 'file 644 0:0 require("bindings")("x")',
      "app/node_modules/bindings/index.js": "file",
      "app/node_modules/sqlite/build/Release/sqlite.node": addon({ machine: 183 }),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error elf-wrong-architecture /app/node_modules/sqlite/build/Release/sqlite.node",
    message: /it is for arm64/,
    remedy: /do not copy node_modules from the host/,
  },
  {
    name: "a native add-on without its library",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("./addon.node");',
      "app/addon.node": addon({ needed: ["libvips.so.42", "libc.so.6"] }),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error elf-missing-library /app/addon.node",
    message: /needs the library "libvips.so.42"/,
    remedy: /Copy "libvips.so.42"/,
  },
  {
    name: "a Python main file that is missing",
    tree: { ...PYTHON, "app/main.py": "file" },
    config: at("/app", "python3", "-u", "app.py"),
    want: "error python-main-missing /app/app.py",
    message: /there is no "\/app\/app.py"/,
    remedy: /Copy/,
  },
  {
    name: "a Python module that is missing",
    tree: { ...PYTHON, "app/main.py": "file" },
    config: at("/app", "python3", "-m", "gunicorn", "main:app"),
    want: "error python-main-missing undefined",
    message: /no "gunicorn" in "\/app", "\/usr\/lib\/python3.11"/,
    remedy: /Install it into the image/,
  },
  {
    name: "an import that Python does not find",
    tree: {
      ...PYTHON,
      "app/main.py": 'file 644 0:0 """\nimport nothing\n"""\nimport os, flask\nfrom helpers import x\n',
      "app/helpers.py": "file",
    },
    config: at("/app", "python3", "main.py"),
    want: "warning python-module-missing /app/main.py",
    message: /imports "flask"/,
    remedy: /Install it for the Python of the image/,
  },
  {
    name: "a virtual environment for a Python that is elsewhere",
    tree: {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/local/bin\nversion = 3.11.4\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/main.py": "file",
    },
    config: at("/app", "/app/venv/bin/python", "main.py"),
    want: "error python-venv-broken /app/venv/pyvenv.cfg",
    message: /made for the Python in "\/usr\/local\/bin", which is not in the image/,
    remedy: /same path and version/,
  },
  {
    name: "a virtual environment for another version",
    tree: {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/bin\nversion = 3.13.1\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/main.py": "file",
    },
    config: at("/app", "/app/venv/bin/python", "main.py"),
    want: "error python-venv-broken /app/venv/pyvenv.cfg",
    message: /made for Python 3.13, and "\/app\/venv\/bin\/python" is Python 3.11/,
    remedy: /same path and version/,
  },
  {
    name: "a jar that is missing",
    tree: { ...JAVA, "app/App.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": "" }) },
    config: at("/app", "java", "-Xmx64m", "-jar", "app.jar"),
    want: "error java-file-missing /app/app.jar",
    message: /there is "\/app\/App.jar"/,
    remedy: /write "\/app\/App.jar"/,
  },
  {
    name: "a jar without a main class",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Manifest-Version: 1.0\n" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-main-class-missing /app/app.jar",
    message: /has no Main-Class/,
    remedy: /-plain/,
  },
  {
    name: "a main class that is in no jar",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: com.example.Main\n" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-main-class-missing /app/app.jar",
    message: /"com.example.Main"/,
    remedy: /class path/,
  },
  {
    name: "a jar of the Class-Path that is missing",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\nClass-Path: lib/gu\n ava.jar\n", "a/B.class": "" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "warning java-class-path-missing /app/lib/guava.jar",
    message: /names "\/app\/lib\/guava.jar"/,
    remedy: /Copy the libraries/,
  },
  {
    name: "a class that is not in the class path",
    tree: { ...JAVA, "app/classes/a/B.class": "file", "app/lib/x.jar": zipFile({ "a/C.class": "" }) },
    config: at("/app", "java", "-cp", "classes:lib/*", "a.D"),
    want: "error java-main-class-missing undefined",
    message: /the class "a.D", which is not in "\/app\/classes", "\/app\/lib\/x.jar"/,
    remedy: /class path/,
  },
  {
    name: "LD_PRELOAD of a library that is missing",
    tree: { ...BASE, "app/server": program() },
    config: { ...run("/app/server"), Env: ["LD_PRELOAD=/usr/lib/libjemalloc.so.2"] },
    want: "warning preload-missing /usr/lib/libjemalloc.so.2",
    message: /LD_PRELOAD names/,
    remedy: /ENV/,
  },
  {
    name: "a tool that nothing starts without its library",
    tree: {
      ...BASE,
      "app/server": program(),
      "usr/bin/psql": program({ needed: ["libpq.so.5"] }),
      "usr/bin/pg_dump": program({ needed: ["libpq.so.5"] }),
    },
    config: run("/app/server"),
    want: "warning elf-missing-library /usr/bin/pg_dump",
    message: /"libpq.so.5"/,
    remedy: /libpq5/,
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
];

const PACKAGES: Readonly<Record<string, string>> = { "libpq.so.5": "libpq5", "/bin/bash": "bash", "libc.so.6": "libc6", [LOADER]: "libc6" };
const whoHas: NonNullable<AuditContext["whoHas"]> = async (queries) =>
  new Map(queries.flatMap((query) => (PACKAGES[query] === undefined ? [] : [[query, [PACKAGES[query]]]])));

/** Findings that say whether it runs, worst first. */
async function runFindings(tree: AuditTreeSpec, config: ContainerConfig): Promise<Awaited<ReturnType<typeof runAudit>>["findings"]> {
  const report = await runAudit(auditSubject(auditTree(tree), config), { whoHas });
  return report.findings.filter(({ group, severity }) => group === "run" || (group === "run-as" && severity === "error"));
}

describe("an audit of what is broken", () => {
  for (const { name, tree, config, want, message, remedy } of BROKEN) {
    it(`finds ${name}`, async () => {
      const findings = await runFindings(tree, config);
      const [first] = findings;
      assert.ok(first !== undefined, "nothing was found");
      assert.equal(`${first.severity} ${first.id} ${first.path}`, want, JSON.stringify(findings, undefined, 1));
      assert.match(first.message, message);
      assert.match(first.remedy, remedy);
    });
  }

  it("needs no archive to be asked", async () => {
    const subject = auditSubject(auditTree({ ...BASE, "app/server": program({ needed: ["libpq.so.5"] }) }), run("/app/server"));
    const [first] = (await runAudit(subject)).findings;
    assert.equal(first?.remedy, 'Copy "libpq.so.5" from the stage that the program was built in');
  });
});

const WHOLE: readonly (readonly [name: string, tree: AuditTreeSpec, config: ContainerConfig])[] = [
  ["a static program on nothing", { tmp: "dir 1777", app: elfFile({ isStatic: true, type: "executable" }) }, run("/app")],
  [
    "a program with libraries by $ORIGIN",
    { ...BASE, "app/bin/server": program({ needed: ["libx.so"], runpath: "$ORIGIN/../lib" }), "app/lib/libx.so": library("libx.so") },
    run("/app/bin/server"),
  ],
  [
    "a program whose search path is inherited: DT_RPATH",
    {
      ...BASE,
      "app/server": program({ needed: ["libone.so"], rpath: "$ORIGIN/lib" }),
      "app/lib/libone.so": library("libone.so", { needed: ["libtwo.so"] }),
      "app/lib/libtwo.so": library("libtwo.so"),
    },
    run("/app/server"),
  ],
  [
    "a program with LD_LIBRARY_PATH",
    { ...BASE, "app/server": program({ needed: ["libx.so"] }), "opt/x/libx.so": library("libx.so") },
    { ...run("/app/server"), Env: ["LD_LIBRARY_PATH=/nowhere:/opt/x"] },
  ],
  [
    "a musl program, whose libc is its loader",
    {
      ...ALPINE,
      "etc/ld-musl-x86_64.path": "file 644 0:0 /opt/lib\n/lib\n",
      "opt/lib/libz.so.1": elfFile({ soname: "libz.so.1" }),
      app: program({ interpreter: MUSL, needed: ["libc.musl-x86_64.so.1", "libz.so.1"], versionNeeds: [] }),
    },
    run("/app"),
  ],
  [
    "plug-ins whose library a program has loaded before",
    {
      ...BASE,
      "app/java": program({ runpath: "$ORIGIN/server", needed: ["libjvm.so"] }),
      "app/server/libjvm.so": library("libjvm.so"),
      "app/libawt.so": library("libawt.so", { needed: ["libjvm.so"] }),
    },
    run("/app/java"),
  ],
  [
    "an entry script that starts CMD",
    { ...BASE, ...SHELL, "app/entry.sh": 'file 755 0:0 #!/bin/sh\nexec "$@"', "app/server": program() },
    { ...run("/app/entry.sh"), Cmd: ["/app/server"] },
  ],
  [
    "add-ons for many platforms, of which one is used",
    {
      ...NODE,
      "app/main.js":
        'file 644 0:0 const load = (name) => require(name); load("./prebuilds/x"); function later() { return require("none"); }'.replace(
          ' function later() { return require("none"); }',
          "",
        ),
      "app/node_modules/a/prebuilds/linux-arm64/a.node": addon({ machine: 183 }),
      "app/node_modules/a/prebuilds/linux-x64/a.musl.node": addon({ needed: ["libc.musl-x86_64.so.1"] }),
    },
    at("/app", "node", "main.js"),
  ],
  [
    "node: exports with conditions, imports of its own, builtins, JSON, optional packages",
    {
      ...NODE,
      "app/package.json": 'file 644 0:0 {"name":"me","type":"module","imports":{"#db":"./lib/db.js"},"exports":{"./self":"./lib/db.js"}}',
      "app/main.js":
        'file 644 0:0 import "node:fs"; import "path"; import "#db"; import "me/self"; import "tool/deep/x"; import data from "./a.json" with { type: "json" };',
      "app/a.json": "file 644 0:0 {}",
      "app/lib/db.js": 'file 644 0:0 export const db = 1; try { await import("pg-native"); } catch {}',
      "app/node_modules/tool/package.json": 'file 644 0:0 {"exports":{"./deep/*":{"require":"./no.cjs","import":"./esm/*.mjs"}}}',
      "app/node_modules/tool/esm/x.mjs": "file",
    },
    at("/app", "node", "--enable-source-maps", "main.js"),
  ],
  [
    "a Python program with a virtual environment, an extension module and a namespace package",
    {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/bin\nversion = 3.11.2\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/venv/lib/python3.11/site-packages/fast.cpython-311-x86_64-linux-gnu.so": addon(),
      "app/venv/lib/python3.11/site-packages/google/api/x.py": "file",
      "app/main.py": "file 644 0:0 import fast, google.api\nif True:\n    import nothing\n",
    },
    at("/app", "/app/venv/bin/python", "main.py"),
  ],
  [
    "a jar with its class path",
    {
      ...JAVA,
      "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\r\nClass-Path: lib/\r\n", "x.class": "" }),
      "app/lib/a/B.class": "file",
    },
    at("/app", "java", "-jar", "app.jar"),
  ],
];

describe("an audit of what is whole", () => {
  for (const [name, tree, config] of WHOLE) {
    it(`finds nothing wrong with ${name}`, async () => {
      assert.deepEqual(await runFindings(tree, config), []);
    });
  }

  it("only remarks that a base image starts nothing", async () => {
    const findings = await runFindings(BASE, { User: "65532", WorkingDir: "/" });
    assert.deepEqual(
      findings.map(({ severity, id }) => `${severity} ${id}`),
      ["note command-missing"],
    );
  });
});
