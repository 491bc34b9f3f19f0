/**
 * Runs the programs of every image of the catalogue, and programs of users on top of it: as nonroot, without a network, in an OCI runtime. Takes minutes and
 * a gigabyte when nothing is cached; needs root, a runtime, gcc, g++ and javac.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { FAMILIES } from "./facts.ts";
import { decant, FOLDER, passes } from "./support.ts";

const SOURCES = join(import.meta.dirname, "programs");
const CONTEXT = join(FOLDER, "programs");
const RELEASES = ["debian12", "debian13"] as const;
/** Modules of other systems, and of parts that Debian packages apart. */
const MISSING =
  "_gdbm _ios_support _msi _overlapped _scproxy _tkinter _winapi _wmi idlelib msilib msvcrt nt tkinter turtle turtledemo winreg winsound".split(
    " ",
  );

interface Row {
  readonly base: string;
  readonly variant?: string;
  readonly args: readonly string[];
  readonly entrypoint?: string;
  readonly want: RegExp;
}

const native: readonly Row[] = RELEASES.flatMap((release): Row[] => [
  { base: `static-${release}`, args: ["/app/static"], want: /^static 65532 UTC$/ },
  { base: `base-nossl-${release}`, args: ["/app/dynamic"], want: /^dynamic nonroot$/ },
  { base: `base-${release}`, args: ["/app/openssl"], want: /^OpenSSL 3\.\d+\.\d+ / },
  { base: `cc-${release}`, args: ["/app/cplus"], want: /^caught thrown, 4 threads, pi 3\.14$/ },
  { base: `java-base-${release}`, args: ["/app/dynamic"], want: /^dynamic nonroot$/ },
]);
const nodes: readonly Row[] = RELEASES.flatMap((release) =>
  [18, 20, 22, 24, 26].map((major) => ({
    base: `nodejs${major}-${release}`,
    args: ["/app/check.cjs"],
    want: new RegExp(`^v${major}\\.\\d+\\.\\d+ nonroot true true 01/01/1970, 09:00:00$`),
  })),
);
const javas: readonly Row[] = ["java17-debian12", "java21-debian13", "java25-debian13"].flatMap((base): Row[] => [
  { base, args: ["/app/hello.jar"], want: new RegExp(`^java ${base.slice(4, 6)}, nonroot, UTF-8 ö, over 100 authorities, fonts: true$`) },
  { base, entrypoint: "/usr/bin/java", args: ["--version"], want: new RegExp(`^openjdk ${base.slice(4, 6)}\\b`) },
]);
const pythons: readonly Row[] = RELEASES.map((release) => ({
  base: `python3-${release}`,
  args: ["/app/check.py", ...MISSING],
  want: /^python 3\.1[13], nonroot, missing: none, authorities: over 100, libssl\.so\.3, Größe$/,
}));
const shells: readonly Row[] = [...native, ...nodes, ...pythons].map(({ base }) => ({
  base,
  variant: "debug-nonroot",
  entrypoint: "/bin/sh",
  args: ["-c", "id -u && which vi && test /proc/self/exe -ef /busybox/busybox && echo same"],
  want: /^65532\n\/busybox\/vi\nsame$/,
}));

/** As the recipe is now; once a run. */
const built = new Set<string>();
function build(image: string): void {
  if (!built.has(image)) passes(decant(CONTEXT, "base", "build", image, "-t", image));
  built.add(image);
}

describe("the catalogue", () => {
  before(() => {
    mkdirSync(CONTEXT, { recursive: true });
    const compile = (command: string, ...args: readonly string[]): string =>
      passes(spawnSync(command, args, { cwd: SOURCES, encoding: "utf8" }));
    compile("gcc", "-O1", "-static", "-o", join(CONTEXT, "static"), "static.c");
    compile("gcc", "-O1", "-o", join(CONTEXT, "dynamic"), "dynamic.c");
    compile("gcc", "-O1", "-o", join(CONTEXT, "openssl"), "openssl.c");
    compile("g++", "-O1", "-fopenmp", "-pthread", "-o", join(CONTEXT, "cplus"), "cplus.cc");
    compile("gcc", "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1", "-o", join(CONTEXT, "libanswer.so.1"), "library.c");
    compile("gcc", "-O1", "-o", join(CONTEXT, "user"), "user.c", join(CONTEXT, "libanswer.so.1"));
    compile("javac", "--release", "17", "-encoding", "UTF-8", "-d", join(CONTEXT, "classes"), "Hello.java");
    compile("jar", "--create", "--file", join(CONTEXT, "hello.jar"), "--main-class", "Hello", "-C", join(CONTEXT, "classes"), ".");
    compile("cp", "check.cjs", "check.py", CONTEXT);
    writeFileSync(
      join(CONTEXT, "Dockerfile"),
      "ARG BASE\nFROM ${BASE}\nCOPY static dynamic openssl cplus hello.jar check.cjs check.py /app/\n",
    );
  });

  for (const { base, variant = "nonroot", args, entrypoint, want } of [...native, ...nodes, ...javas, ...pythons, ...shells])
    it(`${base}:${variant} runs ${entrypoint ?? ""} ${args.slice(0, 2).join(" ")}`, () => {
      const image = `${base}:${variant}`;
      build(image);
      passes(decant(CONTEXT, "build", "--build-arg", `BASE=${image}`, "-t", `run-${image}`, "."));
      const started = entrypoint === undefined ? [] : ["--entrypoint", entrypoint];
      const out = passes(decant(CONTEXT, "run", "--network", "none", "--read-only", ...started, `run-${image}`, ...args));
      assert.match(out, want);
    });

  for (const release of RELEASES)
    it(`base-nossl-${release} finds libraries that a Dockerfile copies to /usr/local/lib`, () => {
      const image = `base-nossl-${release}`;
      writeFileSync(
        join(CONTEXT, "library.Dockerfile"),
        'FROM base\nCOPY libanswer.so.1 /usr/local/lib/\nCOPY user /app/\nCMD ["/app/user"]\n',
      );
      const context = `base=distroless:${image}:nonroot`;
      passes(
        decant(CONTEXT, "build", "-f", "library.Dockerfile", "--build-context", context, "--audit=strict", "-t", `library-${image}`, "."),
      );
      assert.equal(passes(decant(CONTEXT, "run", "--network", "none", `library-${image}`)), "answer 42");
    });

  for (const release of RELEASES)
    it(`A3: python3-${release} with packages of Python imports them`, () => {
      const name = `modules-${release}`;
      const packages = "[python3-cryptography, python3-paramiko, python3-jwt, ansible-core]";
      writeFileSync(join(CONTEXT, `${name}.yaml`), `name: ${name}\nextends: python3-${release}\npackages: ${packages}\n`);
      passes(decant(CONTEXT, "base", "build", `${name}.yaml`, "-t", name));
      const script =
        "import ansible, jwt, paramiko; from cryptography.fernet import Fernet; f = Fernet(Fernet.generate_key()); print(f.decrypt(f.encrypt(b'works')))";
      assert.equal(passes(decant(CONTEXT, "run", "--network", "none", name, "-c", script)), "b'works'");
    });

  for (const { name } of FAMILIES)
    for (const [variant, want] of [
      ["nonroot", /complete: 0 errors, 0 warnings/],
      // Shells are what it warns of.
      ["debug-nonroot", /complete: 0 errors/],
    ] as const)
      it(`${name}:${variant} is complete, says the audit`, () => {
        const image = `${name}:${variant}`;
        build(image);
        assert.match(passes(decant(CONTEXT, "audit", image)), want);
      });
});
