/** ONBUILD: rule S57. */
import type { Base, Case } from "../types.ts";
import { BUSYBOX } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";
const files = { a: "a\n" };
const onbuild = (...triggers: string[]): Readonly<Record<string, Base>> => ({ base: { config: { OnBuild: triggers } } });

export const onbuildCases: readonly Case[] = [
  { name: "S57: triggers are stored as written", dockerfile: 'FROM scratch\nONBUILD COPY  a   /a\nOnBuild run echo $X "y"\nONBUILD ENV A=1 \\\n   B=2\nONBUILD CMD ["x"]\n' },
  { name: "S57: triggers of an image run after FROM and are cleared", dockerfile: "FROM @{base}\nLABEL b=$A\n", bases: onbuild("ENV A=1", "LABEL a=$A", "COPY a /a"), files },
  { name: "S57: triggers of a stage run in its child", dockerfile: "FROM scratch AS one\nONBUILD COPY a /a\nONBUILD WORKDIR /w\nFROM one\nLABEL x=y\n", files },
  { name: "S57: triggers do not run in the grandchild", dockerfile: "FROM scratch AS one\nONBUILD COPY a /a\nFROM one AS two\nFROM two\nLABEL x=y\n", files },
  { name: "S57: a trigger may use a stage", dockerfile: "FROM scratch AS src\nCOPY a /a\nFROM @{base}\n", bases: onbuild("COPY --from=src /a /b"), files },
  { name: "S57: a trigger with RUN", busybox: true, dockerfile: `${BUSYBOX.replace("scratch", "scratch AS one")}ONBUILD ARG A=1\nONBUILD RUN echo $A > /out\nFROM one\n` },
  { name: "S57: a heredoc in a trigger", dockerfile: "FROM scratch AS one\nONBUILD COPY <<EOF /x\nhello $A\nEOF\nENV A=1\nFROM one\nENV A=2\n" },
  { name: "S57: a heredoc trigger is stored with its body", dockerfile: "FROM scratch\nONBUILD COPY <<EOF /x\nhello\nEOF\n" },
  { name: "S57: ONBUILD ONBUILD", dockerfile: "FROM scratch\nONBUILD ONBUILD RUN x\n", fails: { says: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", code: SYNTAX } },
  { name: "S57: ONBUILD FROM", dockerfile: "FROM scratch\nONBUILD FROM x\n", fails: { says: "FROM isn't allowed as an ONBUILD trigger", code: SYNTAX } },
  { name: "S57: ONBUILD MAINTAINER", dockerfile: "FROM scratch\nONBUILD MAINTAINER x\n", fails: { says: "MAINTAINER isn't allowed as an ONBUILD trigger", code: SYNTAX } },
  { name: "S57: a trigger in lower case", dockerfile: "FROM @{base}\n", bases: onbuild("env a=b", "label c=d") },
  { name: "S57: CMD of a trigger counts as set in the stage", dockerfile: 'FROM @{base}\nENTRYPOINT ["e"]\n', bases: onbuild('CMD ["c"]') },
  { name: "S57: a trigger that does not parse", dockerfile: "FROM @{base}\n", bases: onbuild("NOPE x"), fails: { says: "unknown instruction: NOPE", code: SYNTAX } },
];
