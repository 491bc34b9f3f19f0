/** Dockerfiles with one mistake each, for the page of all messages: what people get wrong, by the part of the language. */

/** A build that must fail. */
export interface Mistake {
  readonly name: string;
  readonly dockerfile: string;
  /** Files of the context. */
  readonly files?: Readonly<Record<string, string>>;
  /** There is nothing in the file to mark: what is wrong is missing, or on the command line. */
  readonly hasNoWords?: true;
  /** More words of the command line. */
  readonly flags?: readonly string[];
}

const IN_STAGE = "FROM scratch\n";

export const MISTAKES: readonly Mistake[] = [
  // The file
  { name: "an empty file", dockerfile: "", hasNoWords: true },
  { name: "comments only", dockerfile: "# nothing yet\n", hasNoWords: true },
  { name: "no stage", dockerfile: "ARG A=1\n", hasNoWords: true },
  { name: "an instruction before FROM", dockerfile: "ENV A=1\nFROM scratch\n" },
  { name: "a directive said twice", dockerfile: "# escape=\\\n# escape=`\nFROM scratch\n" },
  { name: "an escape character that is none", dockerfile: "# escape=x\nFROM scratch\n" },
  { name: "an unknown check option", dockerfile: "# check=skp=JSONArgsRecommended\nFROM scratch\n" },
  { name: "another frontend", dockerfile: "# syntax=example/frontend:1\nFROM scratch\n" },
  { name: "bytes that are no text", dockerfile: `${IN_STAGE}ENV A=\uFFFDx\n` },
  // Instructions
  { name: "an unknown instruction", dockerfile: `${IN_STAGE}RUM true\n` },
  { name: "two words in one", dockerfile: `${IN_STAGE}COPPY a b\n`, files: { a: "" } },
  { name: "an instruction of another tool", dockerfile: `${IN_STAGE}IMPORT x\n` },
  { name: "FROM without an image", dockerfile: "FROM\n" },
  { name: "FROM with two words", dockerfile: "FROM scratch build\n" },
  { name: "FROM AS without a name", dockerfile: "FROM scratch AS\n" },
  { name: "a stage name that starts with a digit", dockerfile: "FROM scratch AS 1st\n" },
  { name: "COPY with one word", dockerfile: `${IN_STAGE}COPY a\n` },
  { name: "ENV without a value", dockerfile: `${IN_STAGE}ENV A\n` },
  { name: "ENV with a word without =", dockerfile: `${IN_STAGE}ENV A=1 B\n` },
  { name: "ENV without a name", dockerfile: `${IN_STAGE}ENV =x\n` },
  { name: "LABEL without a value", dockerfile: `${IN_STAGE}LABEL a\n` },
  { name: "ARG without a name", dockerfile: `${IN_STAGE}ARG\n` },
  { name: "ARG with a blank after =", dockerfile: `${IN_STAGE}ARG A = 1\n` },
  { name: "EXPOSE without a port", dockerfile: `${IN_STAGE}EXPOSE\n` },
  { name: "EXPOSE of a name", dockerfile: `${IN_STAGE}EXPOSE http\n` },
  { name: "EXPOSE of a large port", dockerfile: `${IN_STAGE}EXPOSE 80 70000\n` },
  { name: "EXPOSE with an unknown protocol", dockerfile: `${IN_STAGE}EXPOSE 80/tpc\n` },
  { name: "an unknown stop signal", dockerfile: `${IN_STAGE}STOPSIGNAL SIGTREM\n` },
  { name: "SHELL that is no array", dockerfile: `${IN_STAGE}SHELL /bin/bash -c\n` },
  { name: "an array with a number", dockerfile: `${IN_STAGE}CMD ["a", 1]\n` },
  { name: "HEALTHCHECK without CMD", dockerfile: `${IN_STAGE}HEALTHCHECK curl localhost\n` },
  { name: "HEALTHCHECK with an unknown interval", dockerfile: `${IN_STAGE}HEALTHCHECK --interval=30 CMD true\n` },
  { name: "HEALTHCHECK with negative retries", dockerfile: `${IN_STAGE}HEALTHCHECK --retries=-1 CMD true\n` },
  { name: "USER without a name", dockerfile: `${IN_STAGE}USER\n` },
  { name: "WORKDIR without a path", dockerfile: `${IN_STAGE}WORKDIR\n` },
  { name: "VOLUME that is empty", dockerfile: `${IN_STAGE}VOLUME [""]\n` },
  { name: "ONBUILD ONBUILD", dockerfile: `${IN_STAGE}ONBUILD ONBUILD RUN true\n` },
  { name: "ONBUILD FROM", dockerfile: `${IN_STAGE}ONBUILD FROM scratch\n` },
  { name: "MAINTAINER without a name", dockerfile: `${IN_STAGE}MAINTAINER\n` },
  // Flags
  { name: "an unknown flag", dockerfile: `${IN_STAGE}COPY --chwon=1 a /\n`, files: { a: "" } },
  { name: "a flag of another instruction", dockerfile: `${IN_STAGE}RUN --chown=1 true\n` },
  { name: "a flag twice", dockerfile: `${IN_STAGE}COPY --chown=1 --chown=2 a /\n`, files: { a: "" } },
  { name: "a flag without a value", dockerfile: `${IN_STAGE}COPY --from a /\n` },
  { name: "a boolean flag with another word", dockerfile: `${IN_STAGE}COPY --link=maybe a /\n`, files: { a: "" } },
  { name: "a mode that is none", dockerfile: `${IN_STAGE}COPY --chmod=rwx a /\n`, files: { a: "" } },
  { name: "a mode that is too large", dockerfile: `${IN_STAGE}COPY --chmod=99999 a /\n`, files: { a: "" } },
  { name: "a checksum of a local file", dockerfile: `${IN_STAGE}ADD --checksum=sha256:00 a /\n`, files: { a: "" } },
  { name: "an unknown network", dockerfile: `${IN_STAGE}RUN --network=hots ["x"]\n` },
  // Mounts
  { name: "an unknown mount key", dockerfile: `${IN_STAGE}RUN --mount=type=cache,tarqet=/x ["x"]\n` },
  { name: "an unknown mount type", dockerfile: `${IN_STAGE}RUN --mount=type=cahce,target=/x ["x"]\n` },
  { name: "a mount without a target", dockerfile: `${IN_STAGE}RUN --mount=type=tmpfs ["x"]\n` },
  { name: "a mount at the root", dockerfile: `${IN_STAGE}RUN --mount=type=bind,target=/ ["x"]\n` },
  { name: "an unknown sharing", dockerfile: `${IN_STAGE}RUN --mount=type=cache,target=/x,sharing=lokced ["x"]\n` },
  { name: "a size that is none", dockerfile: `${IN_STAGE}RUN --mount=type=tmpfs,target=/x,size=10x ["x"]\n` },
  { name: "a mount from an unknown stage", dockerfile: 'FROM scratch AS build\nFROM scratch\nRUN --mount=from=biuld,target=/x ["x"]\n' },
  {
    name: "a required secret that is not given",
    dockerfile: `${IN_STAGE}RUN --mount=type=secret,id=tokne,required ["x"]\n`,
    flags: ["--secret", "id=token,env=HOME"],
  },
  { name: "a mount source that is not there", dockerfile: `${IN_STAGE}RUN --mount=source=srcc,target=/x ["x"]\n`, files: { "src/a": "" } },
  // Stages
  { name: "COPY from an unknown stage", dockerfile: "FROM scratch AS build\nFROM scratch\nCOPY --from=biuld /a /\n" },
  {
    name: "COPY from a later stage",
    dockerfile: "FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\nFROM a\n",
    flags: ["--target", "a"],
  },
  { name: "COPY from the stage itself", dockerfile: "FROM scratch AS a\nCOPY --from=a /x /\n" },
  { name: "COPY from a stage that a variable names", dockerfile: "ARG S=a\nFROM scratch AS a\nFROM scratch\nARG S\nCOPY --from=$S /x /\n" },
  { name: "COPY from a number of no stage", dockerfile: "FROM scratch\nCOPY --from=7 /x /\n" },
  {
    name: "an unknown target",
    dockerfile: "FROM scratch AS build\nFROM scratch AS final\n",
    flags: ["--target", "finel"],
    hasNoWords: true,
  },
  { name: "FROM in capitals of a stage", dockerfile: "FROM scratch AS base\nFROM Base\n" },
  { name: "FROM a misspelt stage", dockerfile: "FROM scratch AS builder\nFROM 127.0.0.1:1/buidler\n" },
  { name: "FROM a variable that is empty", dockerfile: "ARG BASE\nFROM $BASE\n" },
  { name: "FROM a name that is none", dockerfile: "FROM my image:1/2\n" },
  { name: "FROM a tag that is none", dockerfile: "FROM alpine:3.20:1\n" },
  // Files
  { name: "a file that is not there", dockerfile: `${IN_STAGE}COPY pakage.json /\n`, files: { "package.json": "{}" } },
  {
    name: "a file that is ignored",
    dockerfile: `${IN_STAGE}COPY secret.txt /\n`,
    files: { ".dockerignore": "*.md\nsecret*\n", "secret.txt": "" },
  },
  {
    name: "a file of a folder that is ignored",
    dockerfile: `${IN_STAGE}COPY dist/app.js /\n`,
    files: { ".dockerignore": "dist\n", "dist/app.js": "" },
  },
  {
    name: "a file that is not in a stage",
    dockerfile: "FROM scratch AS build\nCOPY a /app/server.js\nFROM scratch\nCOPY --from=build /app/serve.js /\n",
    files: { a: "" },
  },
  { name: "a file above the context", dockerfile: `${IN_STAGE}COPY ../other/file /\n` },
  { name: "a directory over a file", dockerfile: `${IN_STAGE}COPY a /x\nCOPY d /x\n`, files: { a: "", "d/b": "" } },
  { name: "COPY of a URL", dockerfile: `${IN_STAGE}COPY https://example.com/a /\n` },
  { name: "an ignore file with a lone !", dockerfile: `${IN_STAGE}COPY a /\n`, files: { a: "", ".dockerignore": "a\n!\n" } },
  { name: "an owner without a passwd file", dockerfile: `${IN_STAGE}COPY --link --chown=app a /\n`, files: { a: "" } },
  { name: "a wildcard that is broken", dockerfile: `${IN_STAGE}COPY a[ /\n`, files: { a: "" } },
  // Platforms
  { name: "a platform that is neither system nor architecture", dockerfile: "FROM --platform=amd46 scratch\n" },
  { name: "a platform of too many parts", dockerfile: "FROM --platform=linux/arm/v7/x scratch\n" },
  { name: "a platform that is empty", dockerfile: "ARG P\nFROM --platform=$P scratch\n" },
  // Arguments and variables
  { name: "an unknown modifier", dockerfile: `${IN_STAGE}ENV A=\${B:=x}\n` },
  { name: "another unknown modifier", dockerfile: `${IN_STAGE}ENV A=\${B^^}\n` },
  { name: "a brace that is not closed", dockerfile: `${IN_STAGE}ENV A=\${B\n` },
  { name: "a variable that must be set", dockerfile: `${IN_STAGE}ENV A="\${B:?say which B}"\n` },
  { name: "a quote that is not closed", dockerfile: `${IN_STAGE}ENV A="one\n` },
  { name: "a single quote that is not closed", dockerfile: `${IN_STAGE}LABEL a='one\nLABEL b=2\n` },
  { name: "a quote in WORKDIR that is not closed", dockerfile: `${IN_STAGE}WORKDIR "/a\n` },
  { name: "a variable in a flag that is not closed", dockerfile: `${IN_STAGE}COPY --chown=\${U a /\n`, files: { a: "" } },
  {
    name: "a build argument that nothing declares",
    dockerfile: "FROM scratch\nARG VERSION\nUSER ${VERSION:?is needed}\n",
    flags: ["--build-arg", "VERSON=1"],
  },
  { name: "a global argument that must be set", dockerfile: "ARG TAG\nFROM alpine:${TAG:?needed}\n", flags: ["--build-arg", "TGA=1"] },
  // Heredocs
  { name: "a heredoc without its end", dockerfile: `${IN_STAGE}RUN <<EOF\necho a\n` },
  { name: "a heredoc whose end is indented", dockerfile: `${IN_STAGE}COPY <<EOF /a\ntext\n  EOF\n` },
  { name: "a heredoc with another end", dockerfile: `${IN_STAGE}COPY <<EOF /a\ntext\nEOT\n` },
  { name: "a heredoc as destination", dockerfile: `${IN_STAGE}COPY a <<EOF\ntext\nEOF\n`, files: { a: "" } },
];
