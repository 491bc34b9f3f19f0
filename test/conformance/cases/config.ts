/** Configuration and history: rules S46 to S62. */
import type { Base, Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";
const SEMANTIC = "DOCKERFILE_SEMANTIC";

const full: Base = {
  document: { author: "somebody", created: "2020-01-01T00:00:00Z", history: [{ created: "2020-01-01T00:00:00Z", created_by: "by hand", comment: "old", author: "me" }, { created: "2020-01-01T00:00:00Z", created_by: "nothing", empty_layer: true }] },
  config: {
    User: "app", ExposedPorts: { "80/tcp": {} }, Env: ["PATH=/bin", "A=1"], Entrypoint: ["/e"], Cmd: ["c"], Volumes: { "/v": {} }, WorkingDir: "/w", Labels: { a: "1", b: "2" },
    StopSignal: "SIGINT", Healthcheck: { Test: ["CMD", "true"], Interval: 5_000_000_000 }, Shell: ["/bin/ash", "-c"], ArgsEscaped: true,
  },
};

export const config: readonly Case[] = [
  { name: "S46: a derived image keeps the configuration of its base", dockerfile: "FROM @{base}\nLABEL c=3\n", bases: { base: full } },
  { name: "S46: a derived image of nothing but FROM", dockerfile: "FROM @{base}\n", bases: { base: full } },
  { name: "S46: what is set again", dockerfile: 'FROM @{base}\nUSER 5\nEXPOSE 81\nENV A=2 B=3\nVOLUME /w\nWORKDIR x\nLABEL b=3 c=4\nSTOPSIGNAL 9\nHEALTHCHECK NONE\nSHELL ["/s"]\nENTRYPOINT e\nCMD d\nMAINTAINER other\n', bases: { base: full } },
  { name: "S46: the SHELL of the base wraps commands", dockerfile: "FROM @{base}\nCMD echo\n", bases: { base: full } },
  { name: "S46: a WORKDIR relative to the base's", dockerfile: "FROM @{base}\nWORKDIR sub\nCOPY a .\n", bases: { base: full }, files: { a: "a" } },
  { name: "S46: a base with a working directory that is not clean", dockerfile: "FROM @{base}\nLABEL a=b\n", bases: { base: { config: { WorkingDir: "/a//b/../c/" } } } },
  { name: "S47: ENTRYPOINT clears the CMD of the base", dockerfile: 'FROM @{base}\nENTRYPOINT ["/x"]\n', bases: { base: full } },
  { name: "S47: ENTRYPOINT keeps a CMD of the same stage", dockerfile: 'FROM @{base}\nCMD ["d"]\nENTRYPOINT ["/x"]\n', bases: { base: full } },
  { name: "S47: ENTRYPOINT clears a CMD of a parent stage", dockerfile: 'FROM scratch AS one\nCMD ["d"]\nFROM one\nENTRYPOINT ["/x"]\n' },
  { name: "S48: empty lists", dockerfile: "FROM @{base}\nENTRYPOINT []\nCMD []\n", bases: { base: full } },
  { name: "S49: shell forms are wrapped in the SHELL of their time", dockerfile: 'FROM scratch\nCMD echo 1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nENTRYPOINT echo 2\nSHELL ["other"]\n' },
  { name: "S49: HEALTHCHECK is not wrapped", dockerfile: 'FROM scratch\nSHELL ["/bin/bash"]\nHEALTHCHECK CMD curl x\n' },
  { name: "S49: SHELL must be an array", dockerfile: "FROM scratch\nSHELL /bin/sh -c\n", fails: { says: "SHELL requires the arguments to be in JSON form", code: SYNTAX } },
  { name: "S50: RUN does not use the ENTRYPOINT", ...inBusybox('ENTRYPOINT ["/nope"]\nRUN echo hi > /a') },
  { name: "S50: RUN uses the SHELL", ...inBusybox('SHELL ["/bin/sh", "-x", "-c"]\nRUN echo $- > /a') },
  { name: "S51: scratch alone", dockerfile: "FROM scratch\nCOPY a /a\n", files: { a: "a" } },
  { name: "S52: --label wins over LABEL", dockerfile: "FROM scratch\nLABEL a=1 b=2\n", labels: { a: "given", c: "3" } },
  { name: "S52: --label is for the target only", dockerfile: "FROM scratch AS one\nFROM one\nARG A=$a\nLABEL x=y\n", labels: { a: "given" } },
  { name: "S53: HEALTHCHECK with all options", dockerfile: 'FROM scratch\nHEALTHCHECK --interval=1m30s --timeout=2.5s --start-period=100ms --start-interval=1h --retries=3 CMD ["a", "b c"]\n' },
  { name: "S53: HEALTHCHECK in shell form", dockerfile: "FROM scratch\nHEALTHCHECK --retries=0 --interval=0s CMD curl -f x || exit 1\n" },
  { name: "S53: HEALTHCHECK NONE", dockerfile: "FROM scratch\nHEALTHCHECK NONE\n" },
  { name: "L8: HEALTHCHECK NONE with options of a check", dockerfile: "FROM scratch\nHEALTHCHECK --interval=1h --retries=x NONE\n" },
  { name: "S53: HEALTHCHECK NONE with a word", dockerfile: "FROM scratch\nHEALTHCHECK NONE x\n", fails: { says: "HEALTHCHECK NONE takes no arguments", code: SYNTAX } },
  { name: "S53: a duration below 1 ms", dockerfile: "FROM scratch\nHEALTHCHECK --interval=10us CMD x\n", fails: { says: "cannot be less than 1ms", code: SYNTAX } },
  { name: "S53: a negative number of retries", dockerfile: "FROM scratch\nHEALTHCHECK --retries=-1 CMD x\n", fails: { says: "--retries cannot be negative", code: SYNTAX } },
  { name: "S53: an unknown type", dockerfile: "FROM scratch\nHEALTHCHECK TCP 80\n", fails: { says: "Unknown type", code: SYNTAX } },
  { name: "S54: ports", dockerfile: "FROM scratch\nEXPOSE 80 443/TCP 53/udp 8000-8002/udp 9/sctp\nEXPOSE 80\n" },
  { name: "S54: a variable with several ports", dockerfile: "FROM scratch\nENV P=\"1 2/udp\" Q=3-4\nEXPOSE $P $Q\n" },
  { name: "S54: an address and a host port", dockerfile: "FROM scratch\nEXPOSE 127.0.0.1:80:8080 81:8081\n" },
  { name: "S54: a port that is too large", dockerfile: "FROM scratch\nEXPOSE 70000\n", fails: { says: "70000", code: SEMANTIC } },
  { name: "S54: an unknown protocol", dockerfile: "FROM scratch\nEXPOSE 80/icmp\n", fails: { says: "icmp", code: SEMANTIC } },
  { name: "S55: VOLUME makes no directory, and later writes are kept", ...inBusybox('VOLUME /data ["a"]\nRUN mkdir /data && echo kept > /data/f') },
  { name: "S55: VOLUME in both forms", dockerfile: 'FROM scratch\nVOLUME /a /b\nVOLUME ["/c", "/d e"]\nCOPY a /a/\n', files: { a: "a" } },
  { name: "S55: an empty volume", dockerfile: "FROM scratch\nVOLUME $NOPE\n", fails: { says: "VOLUME specified can not be an empty string", code: SEMANTIC } },
  { name: "S56: a signal is kept as written", dockerfile: "FROM scratch\nSTOPSIGNAL rtmin+3\n" },
  { name: "S56: a signal by number", dockerfile: "FROM scratch\nSTOPSIGNAL 37\n" },
  { name: "S56: a signal that is none", dockerfile: "FROM scratch\nSTOPSIGNAL SIGNOPE\n", fails: { says: "invalid signal: SIGNOPE", code: SEMANTIC } },
  {
    name: "S58: the history of every instruction",
    busybox: true,
    files: { a: "a" },
    dockerfile: `${BUSYBOX}ARG A=1\nARG B\nARG C=x y=z\nMAINTAINER me\nENV E=1 F="2 3"\nLABEL l=1 "m n"='o p'\nEXPOSE 80/tcp 81\nUSER 0:0\nWORKDIR /w\nCOPY --chown=1:2 --chmod=600 a /w/\nADD --chown=3 a a b/\nRUN echo  two   blanks && \\\n  true\nRUN ["echo", "exec form", "\\"q\\""]\nVOLUME /v /x\nVOLUME ["/j"]\nSTOPSIGNAL 9\nSHELL ["/bin/sh", "-c"]\nHEALTHCHECK --interval=5s CMD true x\nONBUILD LABEL a=b\nENTRYPOINT ["a", "b \\"c\\""]\nCMD x "y" \\\n z\n`,
  },
  { name: "S58: history shows ARGs with their values at the time", ...inBusybox("ARG A=1\nRUN true\nARG A=2\nARG B\nRUN true\nENV A=3\nRUN true"), buildArgs: { B: "given" } },
  { name: "S58: quotes of exec forms in the history", dockerfile: 'FROM scratch\nCMD ["a\\tb", "é", "\\u0001", "\\\\"]\n' },
  { name: "S59: every WORKDIR is a layer, but for the root", dockerfile: "FROM scratch\nWORKDIR /a\nWORKDIR /a\nWORKDIR /\nWORKDIR /\n" },
  { name: "S60: a RUN that changes nothing is a layer", ...inBusybox("RUN true\nRUN true") },
  { name: "S60: a COPY that changes nothing is a layer", dockerfile: "FROM scratch\nCOPY a /a\nCOPY a /a\nCOPY nothing* /\n", files: { a: "a" } },
  { name: "S60: a base with more layers than history", dockerfile: "FROM @{base}\nCOPY a /a\n", files: { a: "a" }, bases: { base: { layers: [[{ path: "x", content: "x" }], [{ path: "y", content: "y" }]], document: { history: [] } } } },
  { name: "S61: SOURCE_DATE_EPOCH", dockerfile: "FROM scratch\nWORKDIR /w\nCOPY a /a\nARG SOURCE_DATE_EPOCH\nLABEL e=$SOURCE_DATE_EPOCH\n", files: { a: "a" }, epoch: 1_500_000_000 },
  { name: "S62: unknown fields of the base survive", dockerfile: "FROM @{base}\nLABEL a=b\n", bases: { base: { config: { "x-config": { deep: [1] } }, document: { "x-document": "y" } } } },
  { name: "LABEL: repeated, and over several lines", dockerfile: "FROM scratch\nLABEL a=1 a=2\nLABEL a=3 \\\n      b=\"multi \\\nline\"\n" },
  { name: "USER: a name, a group, an empty name", dockerfile: "FROM scratch\nUSER app:staff\n" },
  { name: "USER with no word", dockerfile: "FROM scratch\nUSER\n", fails: { says: "USER requires exactly one argument", code: SYNTAX } },
];
