/** Rules that look at file systems: with facts as values, of bases (as --check has them) and of what was built. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planOf } from "../../../test/support/plan.ts";
import type { CopyFacts, LibcNeed, TreeFacts } from "../../facts/index.ts";
import { isNewerVersion, libcByName } from "./libc-version.ts";
import { runChecks } from "./run-checks.ts";

const LOADER = "/lib64/ld-linux-x86-64.so.2";
const DEBIAN_12: TreeFacts = {
  os: "Debian GNU/Linux 12 (bookworm)",
  hasShell: true,
  libcs: [{ kind: "glibc", version: "2.36" }],
  loaders: [LOADER],
  tools: [],
};
const ALPINE: TreeFacts = { hasShell: true, libcs: [{ kind: "musl" }], loaders: ["/lib/ld-musl-x86_64.so.1"], tools: [] };
const EMPTY: TreeFacts = { hasShell: false, libcs: [], loaders: [], tools: [] };
const gcc = { name: "gcc", kind: "compiler", path: "/usr/bin/gcc-12" } as const;
const apt = { name: "apt-get", kind: "package-manager", path: "/usr/bin/apt-get" } as const;

function tell(warnings: ReturnType<typeof runChecks>["warnings"]): string[] {
  return warnings
    .filter(({ origin, code }) => origin === "decant" && code !== "MissingUser")
    .map(({ code, message, lines }) => `${code} ${lines.first} ${message}`);
}

/** What a build says at its end. The last COPY --from of `text` has `copied`; layers come from the base and then from each line. */
function afterBuild(text: string, target: TreeFacts | undefined, copied?: Partial<CopyFacts>): string[] {
  const plan = planOf(text, { everyStage: false });
  const steps = plan.parsed.stages.at(-1)?.instructions ?? [];
  const copy = steps.findLast(({ kind }) => kind === "copy");
  const facts = { sizeBytes: 0, files: 0, parts: [], needs: [], ...copied };
  return tell(
    runChecks(plan, {
      purpose: "result",
      built: {
        target,
        layers: [undefined, ...steps.map(({ range }) => range)],
        copies: new Map(copy === undefined ? [] : [[copy.range, facts]]),
      },
    }).warnings,
  );
}

/** What `--check` says where the images of these names are here. */
function beforeBuild(text: string, images: Readonly<Record<string, TreeFacts>>): string[] {
  return tell(runChecks(planOf(text), { facts: (name) => images[name] }).warnings);
}

describe("runChecks() after a build", () => {
  const COPY = "FROM a AS build\nFROM b\nCOPY --from=build /app /app\nUSER 1";
  const need = (fields: Partial<LibcNeed>): Partial<CopyFacts> => ({
    needs: [{ path: "/app/m", kind: "glibc", architecture: "amd64", ...fields }],
  });
  const rows: readonly {
    name: string;
    text?: string;
    target: TreeFacts | undefined;
    copied?: Partial<CopyFacts>;
    want: readonly string[];
  }[] = [
    {
      name: "names compilers of the base, and where they are",
      text: "FROM b\nUSER 1",
      target: { ...DEBIAN_12, tools: [{ ...gcc, layer: 0 }] },
      want: ["RuntimeHoldsBuildTools 1 The result holds gcc (/usr/bin/gcc-12), which comes with b: copy what was built to a smaller base"],
    },
    {
      name: "names the step that brought tools",
      text: "FROM b\nRUN apt-get install gcc\nUSER 1",
      target: {
        ...DEBIAN_12,
        tools: [
          { ...gcc, layer: 1 },
          { ...gcc, name: "make", path: "/usr/bin/make", layer: 1 },
        ],
      },
      want: [
        "RuntimeHoldsBuildTools 2 The result holds gcc and make (/usr/bin/gcc-12, /usr/bin/make): install them in a stage of their own, and copy what they made",
      ],
    },
    {
      name: "says nothing of tools that a step removed again",
      text: "FROM golang\nRUN rm -rf /usr/local/go\nUSER 1",
      target: DEBIAN_12,
      want: [],
    },
    {
      name: "knows a toolchain by name where its files are elsewhere",
      text: "FROM golang\nUSER 1",
      target: undefined,
      want: ["RuntimeHoldsBuildTools 1 The result is built on golang, which holds a whole toolchain: copy what it made to a smaller base"],
    },
    {
      name: "names package managers",
      text: "FROM b\nUSER 1",
      target: { ...DEBIAN_12, tools: [{ ...apt, layer: 0 }] },
      want: ["RuntimeHoldsPackageManager 1 The result holds apt-get (/usr/bin/apt-get), which comes with b: a distroless base has none"],
    },
    {
      name: "says what a copy drags along, and how much",
      target: DEBIAN_12,
      copied: {
        sizeBytes: 231_000_000,
        files: 12_000,
        parts: [
          {
            path: "/app/node_modules",
            kind: "development packages",
            sizeBytes: 131_000_000,
            wholeBytes: 214_000_000,
            count: 12,
            largest: [
              { name: "typescript", sizeBytes: 65_000_000 },
              { name: "webpack", sizeBytes: 12_000_000 },
            ],
          },
          { path: "/app/.git", kind: "history of git", sizeBytes: 8_000_000, wholeBytes: 8_000_000, count: 0, largest: [] },
          { path: "/app/src", kind: "sources", sizeBytes: 20, wholeBytes: 20, count: 0, largest: [] },
        ],
      },
      want: [
        'CopyWholeStage 3 COPY takes /app of "build": 231 MB in 12000 files, of which 139 MB are for building only\n/app/node_modules 214 MB, of which 131 MB in 12 ' +
          "development packages (typescript 65 MB, webpack 12 MB, …)\n/app/.git 8 MB (history of git)\nand 1 more\n" +
          'Run "npm prune --omit=dev" at the end of the build stage, and copy only what the program needs',
      ],
    },
    {
      name: "leaves small things alone",
      target: DEBIAN_12,
      copied: { parts: [{ path: "/app/test", kind: "tests", sizeBytes: 900, wholeBytes: 900, count: 0, largest: [] }] },
      want: [],
    },
    { name: "finds nothing wrong with an older glibc", target: DEBIAN_12, copied: need({ loader: LOADER, version: "2.31" }), want: [] },
    {
      name: "says that a program needs a newer glibc",
      target: DEBIAN_12,
      copied: need({ loader: LOADER, version: "2.38" }),
      want: [
        "LibcMismatch 3 /app/m cannot start: it needs glibc 2.38 or later, and the result (Debian GNU/Linux 12 (bookworm)) has 2.36: build on an older base, or take a newer one for the result",
      ],
    },
    {
      name: "says that a program has no loader",
      target: ALPINE,
      copied: need({ loader: LOADER }),
      want: [`LibcMismatch 3 /app/m cannot start: it was built for glibc and wants ${LOADER}, which the result does not have; it has musl`],
    },
    {
      name: "says so of an empty base",
      target: EMPTY,
      copied: need({ loader: LOADER }),
      want: [`LibcMismatch 3 /app/m cannot start: it was built for glibc and wants ${LOADER}, which the result does not have`],
    },
    {
      name: "says that a module is for another C library",
      target: ALPINE,
      copied: need({ path: "/app/x.node" }),
      want: ["LibcMismatch 3 /app/x.node cannot be loaded: it was built for glibc, and it has musl"],
    },
    {
      name: "passes over programs for other machines",
      target: EMPTY,
      copied: need({ loader: "/lib/ld-linux-aarch64.so.1", architecture: "arm64" }),
      want: [],
    },
    { name: "does not judge modules where no C library is known", target: EMPTY, copied: need({ path: "/app/x.node" }), want: [] },
    {
      name: "finds shell forms without a shell, the last of each kind",
      text: 'FROM b\nCMD a\nCMD b c\nHEALTHCHECK CMD x\nENTRYPOINT ["e"]\nUSER 1',
      target: EMPTY,
      want: [
        "ShellFormWithoutShell 3 CMD in shell form needs /bin/sh, which the result does not have: write it as a JSON array",
        "ShellFormWithoutShell 4 HEALTHCHECK in shell form needs /bin/sh, which the result does not have: write it as a JSON array",
      ],
    },
    { name: "finds the shell that a copy brought", text: "FROM scratch\nCOPY root /\nCMD a\nUSER 1", target: ALPINE, want: [] },
    {
      name: "obeys skip",
      text: "# check=skip=RuntimeHoldsBuildTools\nFROM b\nUSER 1",
      target: { ...EMPTY, tools: [{ ...gcc, layer: 0 }] },
      want: [],
    },
  ];
  for (const { name, text = COPY, target, copied, want } of rows) it(name, () => assert.deepEqual(afterBuild(text, target, copied), want));
});

describe("runChecks() with the files of bases", () => {
  const rows: readonly { name: string; text: string; images: Readonly<Record<string, TreeFacts>>; want: readonly string[] }[] = [
    {
      name: "finds shell forms by what the base holds, not by its name",
      text: "FROM my/base AS a\nRUN x\nFROM scratch-like\nCMD y\nUSER 1",
      images: { "my/base": EMPTY, "scratch-like": DEBIAN_12 },
      want: ["ShellFormWithoutShell 2 RUN in shell form needs /bin/sh, which my/base does not have: write it as a JSON array"]
        .concat([`UnusedStage 1 Stage "a" is not needed by the last stage, and no other stage uses it`])
        .toSorted((a, b) => Number(a.split(" ")[1]) - Number(b.split(" ")[1])),
    },
    {
      name: "finds compilers of a base without a telling name",
      text: "FROM my/base\nUSER 1",
      images: {
        "my/base": {
          ...DEBIAN_12,
          tools: [
            { ...gcc, layer: 0 },
            { ...apt, layer: 0 },
          ],
        },
      },
      want: [
        "RuntimeHoldsBuildTools 1 The result holds gcc (/usr/bin/gcc-12), which comes with my/base: copy what was built to a smaller base",
        "RuntimeHoldsPackageManager 1 The result holds apt-get (/usr/bin/apt-get), which comes with my/base: a distroless base has none",
      ],
    },
    { name: "trusts a golang base that holds nothing", text: "FROM golang\nUSER 1", images: { golang: DEBIAN_12 }, want: [] },
    {
      name: "compares the C libraries of bases",
      text: "FROM my/build AS build\nRUN gcc -o /m m.c\nFROM my/base\nCOPY --from=build /m /m\nUSER 1",
      images: { "my/build": { ...DEBIAN_12, libcs: [{ kind: "glibc", version: "2.41" }] }, "my/base": DEBIAN_12 },
      want: [
        "LibcMismatch 4 my/build has glibc 2.41, which is newer, and my/base has glibc 2.36: compiled programs of the first may not work on the second; take the same distribution and release for both",
      ],
    },
  ];
  for (const { name, text, images, want } of rows) it(name, () => assert.deepEqual(beforeBuild(text, images), want));
});

describe("runChecks() LibcMismatch by names", () => {
  const found = (build: string, run: string, base: string, path = "/src/app"): boolean =>
    beforeBuild(`FROM ${build} AS build\nWORKDIR /src\nRUN ${run}\nFROM ${base}\nCOPY --from=build ${path} /app\nUSER 1`, {}).some((line) =>
      line.startsWith("LibcMismatch"),
    );
  const rows: readonly (readonly [name: string, want: boolean, ...Parameters<typeof found>])[] = [
    ["rust on Debian to Alpine", true, "rust:1", "cargo build --release", "alpine"],
    ["rust for musl to Alpine", false, "rust:1", "cargo build --target x86_64-unknown-linux-musl", "alpine"],
    ["Alpine to Alpine", false, "rust:1-alpine", "cargo build", "alpine:3.20"],
    ["Alpine to Debian", true, "rust:1-alpine", "cargo build", "debian:12"],
    ["a newer Debian to an older one", true, "gcc:14-trixie", "make all", "debian:bookworm-slim"],
    ["an older Debian to a newer one", false, "gcc:14-bookworm", "make all", "debian:trixie-slim"],
    ["go with cgo to Alpine", true, "golang:1.23", "go build -o app", "alpine"],
    ["go without cgo to Alpine", false, "golang:1.23", "CGO_ENABLED=0 go build -o app", "alpine"],
    ["npm modules to Alpine", true, "node:22", "npm ci", "node:22-alpine", "/src/node_modules"],
    ["what npm built, without modules", false, "node:22", "npm ci", "node:22-alpine", "/src/dist"],
    ["nothing native", false, "node:22", "echo", "node:22-alpine"],
    ["an image that nobody knows", false, "my/build", "gcc -o app x.c", "alpine"],
    ["a static base", false, "gcc:14", "gcc -o app x.c", "gcr.io/distroless/static-debian12"],
  ];
  for (const [name, want, ...args] of rows) it(`${want ? "warns of" : "accepts"} ${name}`, () => assert.equal(found(...args), want));

  it("libcByName() reads releases in tags", () => {
    assert.deepEqual(libcByName("docker.io/library/debian:12@sha256:1"), { kind: "glibc", version: "2.36" });
    assert.deepEqual(libcByName("node:22-alpine3.20"), { kind: "musl" });
    assert.deepEqual(libcByName("node:22"), { kind: "glibc" });
    assert.equal(libcByName("scratch"), undefined);
  });

  it("isNewerVersion() compares numbers", () => {
    assert.deepEqual(
      [isNewerVersion("2.38", "2.4"), isNewerVersion("2.4", "2.38"), isNewerVersion("3.0", "2.99"), isNewerVersion("2.36", "2.36")],
      [true, false, true, false],
    );
  });
});
