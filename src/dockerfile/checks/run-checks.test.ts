import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { planOf, PLATFORM } from "../../../test/support/plan.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { parseIgnore } from "../ignore.ts";
import type { PlanOptions } from "../plan/types.ts";
import { runChecks } from "./run-checks.ts";
import type { CheckOptions } from "./types.ts";

const IMAGE: ImageConfig = { ...PLATFORM, config: { Env: ["PATH=/usr/bin", "HOME=/root"] }, rootfs: { type: "layers", diff_ids: [] } };

function run(text: string, options: Partial<CheckOptions & PlanOptions> = {}) {
  return runChecks(planOf(text, { image: () => IMAGE, ...options }), options);
}

/** "StageNameCasing 1"; `origin` leaves the other rules out. */
function found(text: string, options: Partial<CheckOptions & PlanOptions> = {}, origin = "buildkit"): string[] {
  return run(text, options)
    .warnings.filter((warning) => warning.origin === origin)
    .map(({ code, lines }) => `${code} ${lines.first}`);
}

/** What BuildKit says of the same texts: recorded with docker buildx build --check, but for what newer versions changed. */
describe("runChecks() as BuildKit", () => {
  const rows: readonly { name: string; input: string; want: readonly string[]; options?: Partial<CheckOptions & PlanOptions> }[] = [
    {
      name: "skip above an instruction",
      input: "FROM b\n# check=skip=JSONArgsRecommended\nCMD a\nENTRYPOINT b",
      want: ["JSONArgsRecommended 4"],
    },
    { name: "skip ends at a blank", input: "FROM b\n# check=skip=JSONArgsRecommended because\nCMD a", want: [] },
    { name: "skip below another comment", input: "FROM b\n# note\n# check=skip=JSONArgsRecommended\nCMD a", want: [] },
    { name: "a comment that cannot be read", input: "FROM b\n# check=nope=x\nCMD a", want: ["JSONArgsRecommended 3"] },
    {
      name: "three options at most, as BuildKit reads them",
      input: "# check=skip=all;skip=X;experimental=all\nFROM b as B\n# x\nARG y",
      want: ["InvalidDefinitionDescription 4"],
    },
    { name: "skip=all", input: "# check=skip=all\nFROM b as B\nCMD a", want: [] },
    { name: "skip with blanks", input: "# check=skip=JSONArgsRecommended, FromAsCasing\nFROM b as b\nCMD a", want: [] },
    {
      name: "the build argument replaces the directive",
      input: "# check=skip=all\nFROM b as B",
      want: ["FromAsCasing 2"],
      options: { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: "skip=StageNameCasing" } },
    },
    { name: "an experimental rule is off", input: "FROM b\n# x\nARG y", want: [] },
    {
      name: "an experimental rule by a comment",
      input: "FROM b\n# check=experimental=all\nARG y",
      want: ["InvalidDefinitionDescription 3"],
    },
    {
      name: "skip does not turn experimental rules off",
      input: "# check=skip=all;experimental=all\nFROM b\n# x\nARG y",
      want: ["InvalidDefinitionDescription 4"],
    },
    {
      name: "undefined variables",
      input: 'FROM b\nARG A\nENV B=$A C=$B D=${E:-x} F=${G-}\nCOPY $A $x $x /\nWORKDIR /$d\nRUN echo $run\nCMD ["$c"]\nEXPOSE 1$p',
      want: ["UndefinedVar 3", "UndefinedVar 3", "UndefinedVar 3", "UndefinedVar 4", "UndefinedVar 4", "UndefinedVar 5"],
    },
    {
      name: "an ARG of the parent stage",
      input: "ARG G=1\nFROM b AS base\nARG A\nFROM base AS next\nENV B=$A C=$G",
      want: ["UndefinedVar 5"],
    },
    { name: "variables in a heredoc", input: 'FROM b\nCOPY <<E /\n$no\nE\nCOPY <<"E" /\n$no\nE', want: ["UndefinedVar 2"] },
    { name: "variables of a mount", input: "FROM b\nRUN --mount=type=cache,target=/$no true", want: ["UndefinedVar 2"] },
    { name: "an unknown base is not judged", input: "FROM b\nENV A=$b", want: [], options: { image: () => undefined } },
    { name: "scratch is known", input: "FROM scratch\nENV A=$b P=$PATH", want: ["UndefinedVar 2"], options: { image: () => undefined } },
    {
      name: "platforms",
      input:
        "FROM --platform=$TARGETPLATFORM b\nFROM --platform=$TARGETOS/$TARGETARCH b\nFROM --platform=linux/amd64 b AS x\nFROM --platform=linux/amd64 b AS x_amd64",
      want: ["RedundantTargetPlatform 1", "FromPlatformFlagConstDisallowed 3"],
    },
    {
      name: "FROM arguments",
      input: "ARG TAG=1\nFROM b:${TAGG:-1}\nFROM --platform=${PLATFROM:-linux/$TARGETARCH} b",
      want: ["UndefinedArgInFrom 2", "UndefinedArgInFrom 3"],
    },
    {
      name: "the one that is ignored is shown",
      input: 'FROM b AS a\nCMD ["a"]\nFROM a AS c\nCMD ["b"]\nHEALTHCHECK NONE\nHEALTHCHECK CMD x',
      want: ["MultipleInstructionsDisallowed 5"],
    },
    {
      name: "skip above the second of several",
      input: 'FROM b\nCMD ["a"]\n# check=skip=MultipleInstructionsDisallowed\nCMD ["b"]',
      want: [],
    },
    { name: "SHELL is inherited", input: 'FROM b AS a\nSHELL ["/bin/sh","-c"]\nCMD a\nFROM a\nENTRYPOINT b', want: [] },
    {
      name: "the first WORKDIR counts, also of a parent",
      input: "FROM b AS a\nWORKDIR x\nFROM a AS c\nWORKDIR y\nFROM b AS d\nWORKDIR /z\nFROM d\nWORKDIR y",
      want: ["WorkdirRelativePath 2"],
    },
    {
      name: "a trigger is shown at its FROM",
      input: "FROM b AS a\nONBUILD ENV x y\nFROM a AS c\nRUN true",
      want: ["LegacyKeyValueFormat 3"],
    },
    {
      name: "names of secrets",
      input: "FROM b\nARG TOKEN PUBLIC_KEY token_file myapikey KEYS A_KEY\nENV secret_x=a auth_version=c $TOKEN=x",
      want: ["SecretsUsedInArgOrEnv 2", "SecretsUsedInArgOrEnv 2", "SecretsUsedInArgOrEnv 3"],
    },
    { name: "casing, a tie is upper", input: "from b\nRUN true", want: ["ConsistentInstructionCasing 1"] },
    { name: "casing of a trigger is not looked at", input: "FROM b\nONBUILD run true", want: [] },
    {
      name: "a FROM of mixed case is not FromAsCasing's",
      input: "From b aS a\nFROM b aS b\nfrom b As c",
      want: ["ConsistentInstructionCasing 1", "FromAsCasing 2", "FromAsCasing 3", "ConsistentInstructionCasing 3"],
    },
    {
      name: "ports come from variables",
      input: 'FROM b\nENV P="80/TCP 81/Udp"\nEXPOSE $P 2:2 ::1:3:3',
      want: ["ExposeProtoCasing 3", "ExposeProtoCasing 3", "ExposeInvalidFormat 3", "ExposeInvalidFormat 3"],
    },
    {
      name: "ignored files",
      input: "FROM scratch AS a\nCOPY . /\nCOPY ./foo/../bar foo/x b z /\nADD bar/ http://x/bar /\nFROM scratch\nCOPY --from=a bar /",
      want: ["CopyIgnoredFile 3", "CopyIgnoredFile 3", "CopyIgnoredFile 4"],
      options: { ignore: parseIgnore("bar\nfoo/x") },
    },
    { name: "everything ignored", input: "FROM scratch\nCOPY . /", want: ["CopyIgnoredFile 2"], options: { ignore: parseIgnore("*") } },
    { name: "an ignore file with !", input: "FROM scratch\nCOPY bar /", want: [], options: { ignore: parseIgnore("bar\n!bar/x") } },
    {
      name: "a stage that the target does not need",
      input: "FROM b AS a\nCMD x\nFROM b AS c\nCMD y",
      want: ["JSONArgsRecommended 2"],
      options: { target: "a" },
    },
    {
      name: "a build looks at what it needs",
      input: "FROM b AS A\nCMD x\nFROM b\nCMD y",
      want: ["StageNameCasing 1", "JSONArgsRecommended 4"],
      options: { everyStage: false },
    },
  ];
  for (const { name, input, want, options } of rows) it(name, () => assert.deepEqual(found(input, options), want));

  it("suggests the variable that was meant", () => {
    assert.deepEqual(
      run("FROM b\nENV X=$HOMEE")
        .warnings.filter(({ code }) => code === "UndefinedVar")
        .map(({ message }) => message),
      ["Usage of undefined variable '$HOMEE' (did you mean $HOME?)"],
    );
  });

  it("tells of another platform", () => {
    const arm = { ...IMAGE, architecture: "arm64" };
    assert.deepEqual(
      run("FROM b", { image: () => arm })
        .warnings.filter(({ origin }) => origin === "buildkit")
        .map(({ message }) => message),
      ['Base image b was pulled with platform "linux/arm64", expected "linux/amd64" for current build'],
    );
  });
});

describe("runChecks() errors", () => {
  const rows: readonly { name: string; input: string; want: readonly string[]; options?: Partial<CheckOptions & PlanOptions> }[] = [
    { name: "an unknown option", input: "# check=skop=a\nFROM b", want: ["InvalidCheck 1"] },
    { name: "a trailing semicolon", input: "# check=skip=a;\nFROM b", want: ["InvalidCheck 1"] },
    {
      name: "a build argument",
      input: "FROM b",
      want: ["BUILDKIT_DOCKERFILE_CHECK 1"],
      options: { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: "x" } },
    },
    { name: "an unknown instruction", input: "FROM b\nRUM x", want: ["UnknownInstruction 2"] },
    {
      name: "a variable that must be set",
      input: "FROM b\nENV A=${B:?need}\nENV C=${D:?need}",
      want: ["InvalidValue 2", "InvalidValue 3"],
    },
    { name: "an unknown target", input: "FROM b AS build", want: ["UnknownTarget 1"], options: { target: "biuld" } },
    { name: "a blank base", input: "ARG X\nFROM $X", want: ["InvalidValue 2"] },
    { name: "a base that is no name", input: "FROM Build", want: ["InvalidValue 1"] },
  ];
  for (const { name, input, want, options } of rows)
    it(name, () =>
      assert.deepEqual(
        run(input, options).errors.map(({ code, range }) => `${code} ${range.start.line}`),
        want,
      ),
    );

  it("error=true names BuildKit's rules that were broken, not Decant's", () => {
    assert.deepEqual(run("# check=error=true\nFROM b as a\nCMD x").violations, ["FromAsCasing", "JSONArgsRecommended"]);
    assert.deepEqual(run("# check=error=true\nFROM b AS a").violations, []);
    assert.deepEqual(run("FROM b as a").violations, []);
  });
});

describe("runChecks() of Decant", () => {
  const rows: readonly { name: string; input: string; want: readonly string[]; options?: Partial<CheckOptions & PlanOptions> }[] = [
    {
      name: "only what matters while building",
      input: "FROM scratch\nRUN x $TARGETARCH",
      want: ["ShellFormWithoutShell 2", "GlobalArgNotRedeclared 2"],
      options: { purpose: "build" },
    },
    { name: "a shell may have come", input: "FROM scratch\nADD rootfs.tar /\nCMD sh\nUSER a", want: [] },
    {
      name: "a debug image has a shell",
      input: "FROM gcr.io/distroless/base:debug-nonroot\nCMD x",
      want: [],
      options: { image: () => undefined },
    },
    {
      name: "the caller knows of a shell",
      input: "FROM b\nCMD x\nUSER a",
      want: ["ShellFormWithoutShell 2"],
      options: { hasShell: () => false },
    },
    {
      name: "arguments that the script sets",
      input:
        "ARG A=1\nFROM b\nUSER a\nRUN A=2; for TARGETOS in x; do echo $A $TARGETOS; done; echo \\$TARGETARCH '$TARGETARCH' ${TARGETARCH:-x}",
      want: [],
    },
    { name: "an argument that the base has", input: "ARG HOME=1\nFROM b\nUSER a\nRUN echo $HOME", want: [] },
    { name: "an argument in a heredoc", input: "ARG A=1\nFROM b\nUSER a\nRUN <<E\necho $A\nE", want: ["GlobalArgNotRedeclared 4"] },
    { name: "a secret sets it", input: "ARG A=1\nFROM b\nUSER a\nRUN --mount=type=secret,id=x,env=A echo $A", want: [] },
    { name: "build tools that are removed again", input: "FROM b\nUSER a\nRUN apk add gcc && make && apk del gcc", want: [] },
    {
      name: "build tools in a stage that ships",
      input: "FROM b AS base\nRUN apk add --no-cache gcc curl\nFROM base\nUSER a",
      want: ["RuntimeHoldsBuildTools 2"],
    },
    { name: "files without a program need no user", input: "FROM b AS x\nFROM scratch\nCOPY --from=x /a /", want: [] },
    { name: "the user of a parent stage", input: 'FROM b AS x\nUSER a\nFROM x\nCMD ["x"]', want: [] },
    {
      name: "the user of the base",
      input: 'FROM b\nCMD ["x"]',
      want: [],
      options: { image: () => ({ ...IMAGE, config: { User: "65532" } }) },
    },
    { name: "a stage that a variable chooses", input: "FROM b AS x-amd64\nFROM b AS x-arm64\nFROM x-$TARGETARCH\nUSER a", want: [] },
    {
      name: "a stage that a trigger copies from",
      input: "FROM b AS x\nFROM b AS y\nUSER a\nONBUILD COPY --from=x /a /\nFROM y\nRUN true",
      want: [],
    },
    { name: "a stage for tests", input: "FROM b AS x\nUSER a\nFROM x AS unit-test\nFROM x", want: [] },
    {
      name: "npm install of a package",
      input: "FROM b\nUSER a\nCOPY package-lock.json ./\nRUN npm install -g npm && npm i left-pad",
      want: [],
    },
    {
      name: "npm install with flags",
      input: "FROM b\nUSER a\nCOPY package.json package-lock.json ./\nRUN npm i --omit=dev && npm cache clean",
      want: ["NpmInstallWithLockFile 4"],
    },
    { name: "skip works for them too", input: '# check=skip=MissingUser\nFROM b\nCMD ["x"]', want: [] },
    { name: "a cache mount for apt", input: "FROM b\nUSER a\nRUN --mount=type=cache,target=/var/lib/apt apt-get update", want: [] },
  ];
  for (const { name, input, want, options } of rows) it(name, () => assert.deepEqual(found(input, options, "decant"), want));
});

const line = fc.oneof(
  fc.constantFrom(
    "FROM a",
    "FROM a AS b",
    "FROM b",
    "FROM $X",
    "ARG X",
    "ARG X=$Y",
    "ENV A=$X",
    "RUN echo $X",
    "CMD x",
    "COPY --from=b $X /",
    "WORKDIR x",
    "EXPOSE 80/TCP",
    "# check=skip=all",
    "USER $X",
    "ONBUILD RUN x",
    'SHELL ["x"]',
    "RUN --mount=from=b,target=/x y",
    "STOPSIGNAL ${X:?}",
    "FROM --platform=$X b",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);

it("runChecks() never throws, whatever the lines", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.boolean(), (lines, isKnown) => {
      run(lines.join("\n"), { image: () => (isKnown ? IMAGE : undefined) });
    }),
    { numRuns: 300 },
  );
});

describe("FROM of a base that Decant assembles", () => {
  const row = (from: string): unknown => {
    const { errors, warnings } = runChecks(planOf(from, { image: () => IMAGE }));
    return [errors.map(({ code }) => code), warnings.filter(({ origin }) => origin === "buildkit").map(({ code }) => code)];
  };
  for (const [from, want] of [
    ["FROM distroless:cc-debian12", [[], []]],
    ["FROM distroless:cc-debian12:nonroot", [[], []]],
    ["FROM distroless:./bases/own.yaml", [[], []]],
    ["FROM distroless:./bases/own.yaml:debug", [[], []]],
    ["ARG V=nonroot\nFROM distroless:cc-debian12:${V}", [[], []]],
    ["ARG V\nFROM distroless:cc-debian12:${V}", [["InvalidValue"], ["InvalidDefaultArgInFrom"]]],
  ] as const)
    it(`A8: ${from}`, () => assert.deepEqual(row(from), want));
});
