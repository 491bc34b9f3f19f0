/** Loaders, libraries and symbol versions: what is found where something is missing. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { auditSubject, auditTree } from "../../../../test/support/audit-subject.ts";
import {
  ALPINE,
  BASE,
  elfFile,
  glibc,
  library,
  MUSL,
  program,
  run,
  testBroken,
  testWhole,
  TRIPLET,
} from "../../../../test/support/broken-images.ts";
import { runAudit } from "../../run-audit.ts";

testBroken("set of libraries", [
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
    name: "a library for newer processors only",
    tree: {
      ...BASE,
      "app/server": program({ needed: ["libfoo.so.1"] }),
      [`${TRIPLET}/glibc-hwcaps/x86-64-v3/libfoo.so.1`]: library("libfoo.so.1"),
    },
    config: run("/app/server"),
    want: "error elf-missing-library /app/server",
    message: /it is there for newer processors only, at "\/usr\/lib\/x86_64-linux-gnu\/glibc-hwcaps\/x86-64-v3\/libfoo.so.1"$/,
    remedy: /^Copy "libfoo.so.1"/,
  },
]);

testWhole([
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
]);

it("an audit needs no archive to be asked", async () => {
  const subject = auditSubject(auditTree({ ...BASE, "app/server": program({ needed: ["libpq.so.5"] }) }), run("/app/server"));
  const [first] = (await runAudit(subject)).findings;
  assert.equal(first?.remedy, 'Copy "libpq.so.5" from the stage that the program was built in');
});
