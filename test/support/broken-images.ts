/** Images that are broken in one way each, and such that are whole: what they are made of, and how they are audited. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runAudit } from "../../src/audit/run-audit.ts";
import type { AuditContext } from "../../src/audit/types.ts";
import type { ContainerConfig } from "../../src/oci/index.ts";
import { auditSubject, auditTree, type AuditTreeSpec } from "./audit-subject.ts";
import { elfFile, type ElfSpec } from "./elf-file.ts";

export type { AuditTreeSpec } from "./audit-subject.ts";
export { elfFile } from "./elf-file.ts";

const LOADER = "/lib64/ld-linux-x86-64.so.2";
/** The loader of Alpine. */
export const MUSL = "/lib/ld-musl-x86_64.so.1";
/** Where Debian has its libraries. */
export const TRIPLET = "usr/lib/x86_64-linux-gnu";
const LIBC = { library: "libc.so.6", versions: [{ name: "GLIBC_2.34", weak: false }] };

/** A shared library. */
export const library = (soname: string, spec: ElfSpec = {}): Buffer => elfFile({ soname, needed: ["libc.so.6"], ...spec });
/** A dynamic program. */
export const program = (spec: ElfSpec = {}): Buffer =>
  elfFile({ interpreter: LOADER, isPie: true, needed: ["libc.so.6"], versionNeeds: [LIBC], ...spec });
/** A native add-on of Node.js or Python. */
export const addon = (spec: ElfSpec = {}): Buffer => elfFile({ needed: ["libc.so.6"], ...spec });

/** A libc.so.6 that has versions up to GLIBC_2.x. */
export const glibc = (latest: number): Buffer =>
  library("libc.so.6", {
    needed: ["ld-linux-x86-64.so.2"],
    versionDefinitions: ["GLIBC_2.2.5", ...Array.from({ length: latest - 16 }, (_, at) => `GLIBC_2.${at + 17}`), "GLIBC_PRIVATE"],
  });
/** A base with glibc as Debian has it. */
export const BASE: AuditTreeSpec = {
  bin: "link usr/bin",
  lib: "link usr/lib",
  lib64: "link usr/lib64",
  "etc/passwd": "file 644 0:0 root:x:0:0:root:/root:/sbin/nologin",
  tmp: "dir 1777",
  "usr/lib64/ld-linux-x86-64.so.2": library("ld-linux-x86-64.so.2", { needed: [], versionDefinitions: ["GLIBC_2.2.5"] }),
  [`${TRIPLET}/libc.so.6`]: glibc(36),
};
/** What scripts need on top. */
export const SHELL: AuditTreeSpec = { "usr/bin/dash": program(), "usr/bin/sh": "link dash", "usr/bin/env": program() };
/** A base with musl. */
export const ALPINE: AuditTreeSpec = { tmp: "dir 1777", "lib/ld-musl-x86_64.so.1": elfFile({ soname: "libc.musl-x86_64.so.1" }) };
/** A base with Node.js. */
export const NODE: AuditTreeSpec = { ...BASE, "usr/bin/node": program(), "usr/bin/env": program() };
/** A base with Python as Debian has it. */
export const PYTHON: AuditTreeSpec = {
  ...BASE,
  "usr/bin/python3": "link python3.11",
  "usr/bin/python3.11": program(),
  "usr/lib/python3.11/os.py": "file",
  "usr/lib/python3.11/encodings/__init__.py": "file",
  "usr/lib/python3.11/encodings/aliases.py": "file",
  "usr/lib/python3.11/encodings/utf_8.py": "file",
  "usr/bin/env": program(),
};
/** A base with Java. */
export const JAVA: AuditTreeSpec = { ...BASE, "usr/bin/java": program() };

/** The libraries of `JAVA_RUNTIME`. */
export const JAVA_LIB = "usr/lib/jvm/java-21/lib";
/** A Java runtime in a folder of its own. */
export const JAVA_RUNTIME: AuditTreeSpec = {
  ...BASE,
  "usr/bin/java": "link ../lib/jvm/java-21/bin/java",
  "usr/lib/jvm/java-21/bin/java": program({ needed: ["libjli.so", "libc.so.6"], runpath: "$ORIGIN/../lib" }),
  [`${JAVA_LIB}/libjli.so`]: library("libjli.so"),
  [`${JAVA_LIB}/libjava.so`]: library("libjava.so", { needed: ["libjvm.so"], runpath: "$ORIGIN" }),
  [`${JAVA_LIB}/libjimage.so`]: library("libjimage.so", { needed: ["libstdc++.so.6"] }),
  [`${JAVA_LIB}/server/libjvm.so`]: library("libjvm.so", { needed: ["libstdc++.so.6"] }),
  [`${JAVA_LIB}/modules`]: "file",
  [`${JAVA_LIB}/jvm.cfg`]: "file",
  [`${JAVA_LIB}/libzip.so`]: library("libzip.so"),
  [`${JAVA_LIB}/libnio.so`]: library("libnio.so"),
  [`${JAVA_LIB}/libnet.so`]: library("libnet.so"),
  [`${JAVA_LIB}/tzdb.dat`]: "file",
  "usr/lib/jvm/java-21/conf/security/java.security": "file",
  "usr/lib/jvm/java-21/release": 'file 644 0:0 JAVA_VERSION="21.0.8"\nMODULES="java.base java.sql jdk.compiler"\n',
  [`${TRIPLET}/libstdc++.so.6`]: library("libstdc++.so.6"),
};

/** One broken image, and the worst thing that is found. */
export interface Broken {
  readonly name: string;
  readonly tree: AuditTreeSpec;
  readonly config: ContainerConfig;
  /** "severity id path" */
  readonly want: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

/** The configuration of an image with this ENTRYPOINT. */
export const run = (...Entrypoint: readonly string[]): ContainerConfig => ({ Entrypoint, User: "65532", WorkingDir: "/" });
/** One with this CMD in a working directory. */
export const at = (WorkingDir: string, ...Cmd: readonly string[]): ContainerConfig => ({ Cmd, User: "65532", WorkingDir });

const PACKAGES: Readonly<Record<string, string>> = { "libpq.so.5": "libpq5", "/bin/bash": "bash", "libc.so.6": "libc6", [LOADER]: "libc6" };
const whoHas: NonNullable<AuditContext["whoHas"]> = async (queries) =>
  new Map(queries.flatMap((query) => (PACKAGES[query] === undefined ? [] : [[query, [PACKAGES[query]]]])));

/** Findings that say whether it runs, worst first. */
export async function runFindings(tree: AuditTreeSpec, config: ContainerConfig): Promise<Awaited<ReturnType<typeof runAudit>>["findings"]> {
  const report = await runAudit(auditSubject(auditTree(tree), config), { whoHas });
  return report.findings.filter(({ group, severity }) => group === "run" || (group === "run-as" && severity === "error"));
}

/** One test for each broken image. */
export function testBroken(what: string, rows: readonly Broken[]): void {
  describe(`an audit of a broken ${what}`, () => {
    for (const { name, tree, config, want, message, remedy } of rows) {
      it(`finds ${name}`, async () => {
        const findings = await runFindings(tree, config);
        const [first] = findings;
        assert.ok(first !== undefined, "nothing was found");
        assert.equal(`${first.severity} ${first.id} ${first.path}`, want, JSON.stringify(findings, undefined, 1));
        assert.match(first.message, message);
        assert.match(first.remedy, remedy);
      });
    }
  });
}

/** An image in which nothing is wrong. */
export type Whole = readonly [name: string, tree: AuditTreeSpec, config: ContainerConfig];

/** One test for each. */
export function testWhole(rows: readonly Whole[]): void {
  describe("an audit of what is whole", () => {
    for (const [name, tree, config] of rows) {
      it(`finds nothing wrong with ${name}`, async () => {
        assert.deepEqual(await runFindings(tree, config), []);
      });
    }
  });
}
