/** Stages and targets: rules S34 to S45. */
import type { Case } from "../types.ts";
import { BUSYBOX } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";
const SEMANTIC = "DOCKERFILE_SEMANTIC";
const files = { a: "a\n", b: "b\n" };

export const stages: readonly Case[] = [
  { name: "S34: a stage name with a capital is lower-cased", dockerfile: "FROM scratch AS Base\nCOPY a /a\nFROM scratch\nCOPY --from=BASE /a /c\n", files },
  { name: "S34: a stage name that starts with a digit", dockerfile: "FROM scratch AS 1st\n", fails: { says: "invalid name for build stage", code: SYNTAX } },
  { name: "S34: FROM a AS", dockerfile: "FROM scratch AS\n", fails: { says: "FROM requires either one or three arguments", code: SYNTAX } },
  { name: "S34: a name with dots, dashes and underscores", dockerfile: "FROM scratch AS a.b-c_d\nCOPY a /a\nFROM a.b-c_d\nCOPY b /b\n", files },
  { name: "S35: --target in another case", dockerfile: "FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY b /b\n", files, target: "ONE" },
  { name: "S35: FROM is not lower-cased", dockerfile: "FROM scratch AS Base\nCOPY a /\nFROM Base\n", files: { a: "a" }, fails: { says: "must be lowercase", code: "REFERENCE" } },
  { name: "S35: FROM in lower case finds a stage that was named in capitals", dockerfile: "FROM scratch AS Base\nCOPY a /\nFROM base\nCOPY --from=BASE a /b\n", files: { a: "a" } },
  { name: "S36: --from by number", dockerfile: "FROM scratch\nCOPY a /a\nFROM scratch\nCOPY --from=0 /a /c\n", files },
  { name: "S36: --from by a number of no stage", dockerfile: "FROM scratch\nCOPY --from=5 /a /c\n", files, fails: { says: "invalid stage index", code: SEMANTIC } },
  { name: "S37: --from an image", dockerfile: "FROM scratch\nCOPY --from=@{base} /base /x\n", bases: { base: {} } },
  { name: "S37: --from an image takes nothing of its configuration", dockerfile: "FROM scratch\nCOPY --from=@{base} base /x\n", bases: { base: { config: { Env: ["A=1"], WorkingDir: "/nope", OnBuild: ["LABEL a=b"] } } } },
  { name: "S38: --from a later stage", dockerfile: "FROM scratch AS one\nCOPY --from=two a /\nFROM scratch AS two\nCOPY a /\n", files, target: "one", fails: { says: "it needs to be defined before current stage", code: SEMANTIC } },
  { name: "S38: --from the stage itself", dockerfile: "FROM scratch AS one\nCOPY --from=one a /\n", files, fails: { says: "circular dependency detected on stage: one", code: SEMANTIC } },
  { name: "S38: a trigger that copies from the stage that it runs in", dockerfile: "FROM scratch AS a\nCOPY a /x\nONBUILD COPY --from=b /x /y\nFROM a AS b\n", files },
  { name: "S38: a trigger that copies from the stage that it runs in, where nothing is", dockerfile: "FROM scratch AS a\nONBUILD COPY --from=b /x /\nFROM a AS b\n", fails: { says: "no such file or directory", code: "COPY_SOURCE_MISSING" } },
  { name: "S38: a trigger that copies from a later stage", dockerfile: "FROM scratch AS a\nONBUILD COPY --from=c /x /\nFROM a AS b\nFROM scratch AS c\nFROM b\n", fails: { says: "it needs to be defined before current stage", code: "DOCKERFILE_SEMANTIC" } },
  { name: "S39: a stage name said twice", dockerfile: "FROM scratch AS x\nCOPY a /a\nFROM x AS y\nFROM scratch AS x\nCOPY b /b\nFROM scratch\nCOPY --from=x / /x/\nCOPY --from=y / /y/\n", files },
  { name: "S39: --target takes the last of a name", dockerfile: "FROM scratch AS x\nCOPY a /a\nFROM scratch AS x\nCOPY b /b\n", files, target: "x" },
  { name: "S40: a stage that is not needed is not resolved", dockerfile: "FROM nosuch.invalid/image AS broken\nRUN false\nFROM scratch\nCOPY a /a\n", files },
  { name: "S40: nor is its COPY --from", dockerfile: "FROM scratch AS broken\nCOPY --from=nosuch.invalid/image a b\nFROM scratch\nCOPY a /a\n", files },
  { name: "S41: --from paths start at the root, not at the working directory", dockerfile: "FROM scratch AS one\nWORKDIR /w\nCOPY a /a\nCOPY b /w/a\nFROM scratch\nCOPY --from=one a /x\n", files },
  { name: "S42: a target that is not there", dockerfile: "FROM scratch AS build\nCOPY a /\n", files, target: "biuld", fails: { says: "target stage \"biuld\" could not be found", code: SEMANTIC } },
  { name: "S42: a target by number", dockerfile: "FROM scratch\nCOPY a /a\nFROM scratch\nCOPY b /b\n", files, target: "0", fails: { says: 'target stage "0" could not be found', code: SEMANTIC } },
  { name: "S43: an empty platform", dockerfile: "ARG P\nFROM --platform=$P scratch\n", fails: { says: "empty platform value from expression $P", code: SEMANTIC } },
  { name: "S43: scratch has no platform of its own", dockerfile: "FROM --platform=linux/arm64 scratch\nCOPY a /a\n", files },
  { name: "S43: --platform=$BUILDPLATFORM", dockerfile: "FROM --platform=$BUILDPLATFORM scratch AS one\nARG TARGETARCH\nCOPY a /$TARGETARCH\nFROM scratch\nCOPY --from=one / /\n", files, platform: "linux/arm64" },
  { name: "S43: an image of another platform", dockerfile: "FROM --platform=linux/arm64 @{base} AS one\nARG TARGETARCH\nARG TARGETPLATFORM\nLABEL a=$TARGETARCH p=$TARGETPLATFORM\nFROM one\nCOPY a /a\n", files, bases: { base: { document: { architecture: "arm64" } } } },
  { name: "S43: the platform of the build", dockerfile: "FROM scratch\nARG TARGETPLATFORM\nARG TARGETARCH\nARG TARGETVARIANT\nLABEL p=$TARGETPLATFORM a=$TARGETARCH v=x$TARGETVARIANT\nCOPY a /a\n", files, platform: "linux/arm/v7" },
  { name: "S44: a base of another platform gives its own", dockerfile: "FROM @{base}\nCOPY a /a\n", files, bases: { base: { document: { architecture: "arm64" } } } },
  { name: "S45: a base without layers counts as scratch", dockerfile: "FROM @{base}\nCOPY a /a\n", files, bases: { base: { layers: [], config: { Env: ["A=1"], Labels: { l: "1" } } } } },
  { name: "FROM an empty name", dockerfile: "ARG B\nFROM $B\n", fails: { says: "base name ($B) should not be blank", code: SEMANTIC } },
  { name: "FROM a name that is no image name", dockerfile: "FROM a:b:c\n", fails: { says: "invalid reference format", code: "REFERENCE" } },
  { name: "FROM an image that is not there", dockerfile: "FROM @{base}-nope\n", bases: { base: {} }, fails: { says: "not found", code: "IMAGE_NOT_FOUND" } },
  { name: "FROM a stage keeps its files and history", dockerfile: "FROM scratch AS one\nCOPY a /a\nENV A=1\nFROM one AS two\nCOPY b /b\nFROM two\nLABEL l=1\n", files },
  { name: "an image without layers", dockerfile: "FROM scratch\nLABEL a=b\n" },
  { name: "a COPY from an empty stage", dockerfile: "FROM scratch AS one\nFROM scratch\nCOPY --from=one /a /\n", fails: { says: "no such file or directory", code: "COPY_SOURCE_MISSING" } },
  { name: "a COPY of all of an empty stage", dockerfile: "FROM scratch AS one\nFROM scratch\nCOPY --from=one / /x/\nCOPY a /a\n", files },
  { name: "COPY --from=scratch", dockerfile: "FROM scratch\nCOPY --from=scratch / /x\n" },
  { name: "parallel stages join", busybox: true, dockerfile: `${BUSYBOX.replace("scratch", "scratch AS sh")}FROM sh AS one\nRUN echo 1 > /one\nFROM sh AS two\nRUN echo 2 > /two\nFROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n` },
];
