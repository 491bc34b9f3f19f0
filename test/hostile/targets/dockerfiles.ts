/** Dockerfiles: the parser, the plan, the checks and the outline. `npm run fuzz:parser` tries long ones besides. */
import { outlineOf, parseDockerfile, planDockerfile, runChecks } from "../../../src/dockerfile/index.ts";
import { textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;
const LINES = [
  "FROM a AS b\n",
  "FROM $X\n",
  "FROM --platform=$P b AS c\n",
  "FROM scratch\n",
  "ARG X=${Y:-${Z}}\n",
  "ENV A=$B C='d\\e'\n",
  "ENV legacy $value\n",
  'LABEL a="b\\"c"\n',
  "RUN echo $A ${B} \\\n",
  "RUN <<E cat\nbody $X\nE\n",
  "RUN --mount=type=secret,id=a,env=B echo\n",
  'RUN ["a", "b"]\n',
  "COPY --from=b --chown=$U a b /\n",
  "COPY <<E <<F /x/\n1\nE\n2\nF\n",
  'ADD http://x/y "a b" /\n',
  "HEALTHCHECK --interval=1s CMD x\n",
  "ONBUILD RUN x\n",
  "WORKDIR $W/../x\n",
  "EXPOSE 80/TCP $P 1-99999/udp\n",
  "USER $U\n",
  'VOLUME ["/a"]\n',
  'SHELL ["a"]\n',
  "STOPSIGNAL ${S:?x}\n",
  "# check=skip=all\n",
  "# escape=`\n",
  "# syntax=x\n",
  "\\",
  "\n",
  "\r\n",
  " ",
  '"',
  "'",
  "$",
  "${",
  "}",
  "${x#*a*b}",
  "${x//a*/b}",
  "<<",
  "`",
  "[",
  ",",
  "=",
  "!",
  "*",
  "\0",
  "\ufeff",
  "😀",
  "a".repeat(30),
] as const;

export const DOCKERFILES: Target = {
  name: "dockerfiles",
  generate: (random) => textOf(random, LINES, 40),
  async check(input) {
    const parsed = parseDockerfile(input, { name: "Dockerfile" });
    const common = { platform: PLATFORM, buildPlatform: PLATFORM };
    await each(
      () => runChecks(planDockerfile(parsed, { ...common, buildArgs: {}, everyStage: true }), { hasShell: () => false }),
      () => runChecks(planDockerfile(parsed, { ...common, buildArgs: { X: "$Y" } }), { purpose: "build" }),
      () => outlineOf(planDockerfile(parsed, { ...common, buildArgs: {} })),
    );
  },
};
