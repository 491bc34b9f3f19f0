import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseBody, showInstruction } from "../../test/support/dockerfile-dump.ts";
import { isDecantError } from "../errors.ts";
import { parseDockerfile } from "./index.ts";
import { parseTrigger } from "./parser.ts";

describe("instructions", () => {
  const rows: readonly { name: string; input: string; want: readonly string[] }[] = [
    { name: "S10: RUN in shell form", input: "RUN echo hi", want: [`run command=sh "echo hi"`] },
    { name: "S10: RUN in exec form", input: `RUN ["a", "b\\"c"]`, want: [`run command=exec ["a", "b\\"c"]`] },
    { name: "S10: bad JSON is shell form", input: `RUN ["a"]junk`, want: [`run command=sh "[\\"a\\"]junk"`] },
    { name: "S11: single quotes are shell form", input: "RUN ['a']", want: [`run command=sh "['a']"`] },
    { name: "S10: bad JSON of VOLUME is split at blanks", input: "VOLUME ['/a', '/b']", want: [`volume paths=["['/a',", "'/b']"]`] },
    { name: "RUN without anything runs the empty script", input: "RUN", want: [`run command=sh ""`] },
    { name: "CMD []", input: "CMD []", want: ["cmd command=exec []"] },
    { name: "ENTRYPOINT keeps blanks", input: "ENTRYPOINT x  y", want: [`entrypoint command=sh "x  y"`] },
    {
      name: "RUN with every flag",
      input: String.raw`RUN --mount=type=cache,\"id=a,b\",RO --network=none --device=vendor.com/gpu=0,required --device=name=x --security=insecure x`,
      want: [
        `run command=sh "x" mounts=[{options: [{key: "type", value: "cache", field: "type=cache"}, {key: "id", value: "a,b", field: "id=a,b"}, {key: "ro", field: "RO"}]}] devices=[{name: "vendor.com/gpu=0", required: true}, {name: "x", required: false}] network={mode: "none"} security={mode: "insecure"}`,
      ],
    },
    { name: "S9: -- ends the flags", input: "RUN -- --network=x", want: [`run command=sh "--network=x"`] },
    { name: "S9: quotes inside a flag", input: `RUN --network="ho"'st' x`, want: [`run command=sh "x" network={mode: "host"}`] },
    {
      name: "COPY with every flag",
      input: "COPY --from=build --chown=1:2 --chmod=u+x --link --parents --exclude=a --exclude=b x y /z/",
      want: [
        `copy sources=["x", "y"] destination="/z/" json=false excludes=["a", "b"] from="build" chown="1:2" chmod="u+x" link={value: true} parents={value: true}`,
      ],
    },
    {
      name: "COPY in JSON form",
      input: `COPY --link=false ["a b", "c"]`,
      want: [`copy sources=["a b"] destination="c" json=true link={value: false}`],
    },
    {
      name: "S108: COPY with heredocs",
      input: "COPY <<EOF <<-'E2' a /x/\n\ta\nEOF\n\tb\n\tE2",
      want: [
        `copy sources=["a"] heredocs=[{name: "EOF", fileDescriptor: 0, chomp: false, expand: true, raw: "\\ta\\n", content: "\\ta\\n"}, {name: "E2", fileDescriptor: 0, chomp: true, expand: false, raw: "\\tb\\n", content: "b\\n"}] destination="/x/" json=false`,
      ],
    },
    {
      name: "ADD with every flag of its own",
      input: "ADD --checksum=sha256:a --keep-git-dir --unpack=false https://x/y /z",
      want: [`add sources=["https://x/y"] destination="/z" json=false keepGitDir={value: true} checksum="sha256:a" unpack={value: false}`],
    },
    {
      name: "ENV with pairs",
      input: `ENV a=1 b="x y" c=d\\ e`,
      want: [
        `env pairs=[{key: "a", value: "1", legacy: false}, {key: "b", value: "\\"x y\\"", legacy: false}, {key: "c", value: "d\\\\ e", legacy: false}]`,
      ],
    },
    {
      name: "S12: ENV in the old form",
      input: "ENV ONE TWO= THREE=world",
      want: [`env pairs=[{key: "ONE", value: "TWO= THREE=world", legacy: true}]`],
    },
    { name: "LABEL with a quoted key", input: `LABEL "a b"=c`, want: [`label pairs=[{key: "\\"a b\\"", value: "c", legacy: false}]`] },
    {
      name: "ARG with several names",
      input: "ARG a b=1 c=",
      want: [`arg args=[{key: "a"}, {key: "b", value: "1"}, {key: "c", value: ""}]`],
    },
    {
      name: "ARG with what its comment says",
      input: "# b is a letter\nARG a b",
      want: [`arg args=[{key: "a"}, {key: "b", description: "is a letter"}]`],
    },
    { name: "WORKDIR takes the whole rest", input: "WORKDIR  /a b ", want: [`workdir path="/a b"`] },
    { name: "USER", input: "USER x:y", want: [`user user="x:y"`] },
    { name: "S54: EXPOSE sorts its words as text", input: "EXPOSE 9 10/udp 1-2", want: [`expose ports=["1-2", "10/udp", "9"]`] },
    { name: "VOLUME trims JSON words", input: `VOLUME ["/a", " /b "]`, want: [`volume paths=["/a", "/b"]`] },
    { name: "SHELL", input: `SHELL ["/bin/bash", "-c"]`, want: [`shell args=["/bin/bash", "-c"]`] },
    { name: "STOPSIGNAL", input: "STOPSIGNAL SIGTERM", want: [`stopsignal signal="SIGTERM"`] },
    { name: "MAINTAINER", input: "MAINTAINER a b", want: [`maintainer name="a b"`] },
    { name: "L8: HEALTHCHECK NONE with options of a check", input: "HEALTHCHECK --interval=1h --retries=x NONE", want: ["healthcheck"] },
    { name: "S53: HEALTHCHECK NONE", input: "HEALTHCHECK none", want: ["healthcheck"] },
    {
      name: "S53: HEALTHCHECK in shell form",
      input: "HEALTHCHECK --interval=1m30s --retries=3 cmd curl  x",
      want: [`healthcheck command=sh "curl  x" intervalNs=90000000000 retries=3`],
    },
    {
      name: "S53: HEALTHCHECK in exec form",
      input: `HEALTHCHECK --start-period=0s --start-interval=100ms --timeout=1.5h CMD ["a"]`,
      want: [`healthcheck command=exec ["a"] timeoutNs=5400000000000 startPeriodNs=0 startIntervalNs=100000000`],
    },
    {
      name: "S57: ONBUILD keeps the heredoc in its text",
      input: "onbuild  COPY <<EOF /x\na\nEOF",
      want: [
        `onbuild expression="COPY <<EOF /x\\na\\nEOF" trigger={copy heredocs=[{name: "EOF", fileDescriptor: 0, chomp: false, expand: true, raw: "a\\n", content: "a\\n"}] destination="/x" json=false}`,
      ],
    },
    { name: "S8: keywords in any case", input: "rUn x\nworkDIR y", want: [`run command=sh "x"`, `workdir path="y"`] },
  ];
  for (const { name, input, want } of rows) it(name, () => assert.deepEqual(parseBody(input).map(showInstruction), want));
});

describe("mistakes", () => {
  const rows: readonly { input: string; code: string; message: RegExp; hint?: RegExp | undefined }[] = [
    { input: "RUM x", code: "UnknownInstruction", message: /unknown instruction: RUM$/, hint: /^Did you mean RUN\?$/ },
    { input: "F\0R\0O\0M\0 \0x\0", code: "UnknownInstruction", message: /unknown instruction: F\0/, hint: /UTF-16: save it as UTF-8$/ },
    { input: "wrkdir x", code: "UnknownInstruction", message: /unknown instruction: wrkdir$/, hint: /^Did you mean workdir\?$/ },
    { input: "COPY --frm=a a b", code: "UnknownFlag", message: /unknown flag: --frm$/, hint: /^Did you mean --from\?$/ },
    { input: "ENV --foo a=b", code: "UnknownFlag", message: /unknown flag: --foo/, hint: /ENV has no flags/ },
    { input: "ARG --foo a", code: "UnknownFlag", message: /unknown flag: --foo/ },
    { input: "COPY --constructor=a a b", code: "UnknownFlag", message: /unknown flag: --constructor/ },
    { input: "COPY --chown=a --chown=b a b", code: "DuplicateFlag", message: /duplicate flag specified: --chown/ },
    { input: "COPY --link= a b", code: "FlagValueMissing", message: /missing a value on flag: --link/ },
    { input: "COPY --from a b", code: "FlagValueMissing", message: /missing a value on flag: --from/ },
    { input: "COPY --link=x a b", code: "FlagValueInvalid", message: /expecting boolean value for flag --link, not: x/ },
    { input: "RUN --network=nonee x", code: "FlagValueInvalid", message: /invalid network mode "nonee"/, hint: /Did you mean none/ },
    { input: "RUN --security=foo x", code: "FlagValueInvalid", message: /security is not valid: "foo"/ },
    { input: "RUN --mount=from=$x x", code: "VariableInFrom", message: /'from' doesn't support variable expansion/ },
    { input: `CMD ["a", 1]`, code: "JsonNotStrings", message: /arrays must be comprised of strings only/ },
    { input: `COPY ["a"]`, code: "MissingArgument", message: /requires at least two arguments, but only one was provided/ },
    { input: "COPY a <<EOF\nEOF", code: "HeredocDestination", message: /COPY cannot accept a heredoc as a destination/ },
    { input: "COPY <<EOF it's /x", code: "HeredocWithoutBody", message: /has no body/ },
    { input: "COPY <<EOF /x\nRUN y", code: "UnterminatedHeredoc", message: /unterminated heredoc/, hint: /Put EOF alone/ },
    { input: "ENV a", code: "MissingValue", message: /ENV must have two arguments/ },
    { input: "ENV a=1 b", code: "MissingEquals", message: /can't find = in "b". Must be of the form: name=value/ },
    { input: "LABEL =x", code: "BlankName", message: /LABEL names can not be blank/ },
    { input: "ARG =x", code: "BlankName", message: /ARG names can not be blank/ },
    { input: "SHELL foo", code: "NotJson", message: /SHELL requires the arguments to be in JSON form/ },
    { input: "SHELL []", code: "MissingArgument", message: /SHELL requires at least one argument/ },
    { input: "USER", code: "MissingArgument", message: /USER requires exactly one argument/ },
    { input: `VOLUME [""]`, code: "EmptyVolume", message: /VOLUME specified can not be an empty string/ },
    { input: "HEALTHCHECK NONE x", code: "HealthcheckNone", message: /HEALTHCHECK NONE takes no arguments/ },
    { input: "HEALTHCHECK CMD", code: "MissingArgument", message: /Missing command after HEALTHCHECK CMD/ },
    { input: "HEALTHCHECK FOO x", code: "HealthcheckType", message: /Unknown type "FOO" in HEALTHCHECK \(try CMD\)/ },
    { input: "HEALTHCHECK --interval=1us CMD x", code: "HealthcheckInterval", message: /Interval "interval" cannot be less than 1ms/ },
    { input: "HEALTHCHECK --interval=5 CMD x", code: "InvalidValue", message: /invalid duration "5"/ },
    { input: "HEALTHCHECK --retries=-1 CMD x", code: "HealthcheckRetries", message: /--retries cannot be negative \(-1\)/ },
    { input: "ONBUILD ONBUILD RUN x", code: "OnbuildForbidden", message: /Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed/ },
    { input: "ONBUILD FROM x", code: "OnbuildForbidden", message: /FROM isn't allowed as an ONBUILD trigger/ },
    { input: "ONBUILD ENV a", code: "MissingValue", message: /ENV must have two arguments/ },
    { input: "FROM", code: "FromArguments", message: /FROM requires either one or three arguments/ },
    { input: "FROM a AS", code: "FromArguments", message: /FROM requires either one or three arguments/ },
    { input: "FROM a AZ x", code: "FromArguments", message: /FROM requires either one or three arguments/ },
    { input: "FROM a AS 1x", code: "StageName", message: /invalid name for build stage: "1x"/ },
  ];
  for (const { input, code, message, hint } of rows) {
    it(`${JSON.stringify(input)} is ${code}`, () => {
      const errors = parseDockerfile(`FROM scratch\n${input}`, { name: "Dockerfile" }).diagnostics;
      assert.deepEqual(
        errors.map((error) => [error.severity, error.code]),
        [["error", code]],
      );
      assert.match(errors[0]?.message ?? "", message);
      if (hint !== undefined) assert.match(errors[0]?.hint ?? "", hint);
    });
  }

  it("a trigger that will fail later only warns, as the build itself succeeds", () => {
    const parsed = parseDockerfile("FROM scratch\nONBUILD COPY --frm=x a b\n", { name: "Dockerfile" });
    assert.deepEqual(
      parsed.diagnostics.map((each) => [each.severity, each.code]),
      [["warning", "OnbuildTrigger"]],
    );
    assert.deepEqual(parsed.stages[0]?.instructions.map(showInstruction), [`onbuild expression="COPY --frm=x a b"`]);
  });
});

describe("parseTrigger()", () => {
  it("parses one instruction", () =>
    assert.equal(showInstruction(parseTrigger("RUN <<EOF\nx\nEOF", { name: "ONBUILD" })).slice(0, 20), `run command=sh "<<EO`));
  const rows: readonly { name: string; input: string; want: RegExp }[] = [
    { name: "rejects two", input: "RUN a\nRUN b", want: /has 2 instructions; exactly one is wanted/ },
    { name: "rejects none", input: "# x", want: /has 0 instructions/ },
    { name: "rejects FROM", input: "FROM x", want: /FROM isn't allowed/ },
    { name: "rejects a mistake", input: "RUM x", want: /unknown instruction: RUM/ },
  ];
  for (const { name, input, want } of rows) {
    it(name, () => {
      assert.throws(
        () => parseTrigger(input, { name: "ONBUILD" }),
        (error) => isDecantError(error, "DOCKERFILE_SYNTAX") && want.test(error.message),
      );
    });
  }
});
