/** WORKDIR and USER: rules S63 to S69. */
import type { Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

export const workdir: readonly Case[] = [
  { name: "S63: a relative path joins the one before", dockerfile: "FROM scratch\nWORKDIR /a\nWORKDIR b\nWORKDIR c/d\nCOPY a .\nCOPY a x/\n", files: { a: "a" } },
  { name: "S63: dots and slashes are cleaned", dockerfile: "FROM scratch\nWORKDIR /a/../b//c/./d/\nWORKDIR ../e/\nWORKDIR ./f\n" },
  { name: "S63: a relative path with nothing before", dockerfile: "FROM scratch\nWORKDIR a/b\n" },
  { name: "S63: a path above the root", dockerfile: "FROM scratch\nWORKDIR /../../x\n" },
  { name: "S63: a variable", dockerfile: "FROM scratch\nENV D=/data E=\nWORKDIR $D/x$E\n" },
  { name: "S63: a path with blanks", dockerfile: "FROM scratch\nWORKDIR /a b/c\n" },
  { name: "S63: a quoted path", dockerfile: 'FROM scratch\nWORKDIR "/a b"\n' },
  { name: "S63: an empty path", dockerfile: "FROM scratch\nWORKDIR $NOPE\nWORKDIR /a\nWORKDIR $NOPE\n" },
  { name: "S63: steps run in a path that is not clean", ...inBusybox("WORKDIR /a/../b//c/\nRUN pwd > out\nCOPY busybox/etc/group x/") },
  { name: "S63: two slashes", dockerfile: "FROM scratch\nWORKDIR //\nWORKDIR /./\n" },
  { name: "S64: a user by name in an empty stage", dockerfile: "FROM scratch\nUSER app\nWORKDIR /w\n", fails: { says: "invalid user index: -1", code: "DOCKERFILE_SEMANTIC" } },
  { name: "S64: missing directories belong to the user", ...inBusybox("USER 1000:2000\nWORKDIR /x/y\nUSER 1001\nWORKDIR /x/y/z\nUSER app\nWORKDIR /named\nUSER app:extra\nWORKDIR /named/group") },
  { name: "S64: an existing directory keeps owner and mode", ...inBusybox("RUN mkdir -p /w/sub && chmod 700 /w && chown 5:6 /w\nUSER 1000\nWORKDIR /w/sub\nWORKDIR /w") },
  { name: "S64: a symlink on the way", ...inBusybox("RUN mkdir /real && ln -s real /link\nWORKDIR /link/sub\nRUN pwd > /out") },
  { name: "S64: a symlink at the end", ...inBusybox("RUN mkdir /real && ln -s /real /link\nWORKDIR /link\nCOPY busybox/etc/group .") },
  { name: "S64: a file in the way", dockerfile: "FROM scratch\nCOPY a /a\nWORKDIR /a/b\n", files: { a: "a" }, fails: { says: "not a directory", code: "COPY_CONFLICT" } },
  { name: "S65: a working directory that was removed comes back", ...inBusybox("USER 1000\nWORKDIR /gone/deep\nUSER 0\nRUN rm -r /gone\nUSER 1000:1000\nRUN pwd") },
  { name: "S66: a user by name has his groups", ...inBusybox("RUN mkdir -m 777 /o\nUSER app\nRUN id > /o/name\nUSER app:extra\nRUN id > /o/group\nUSER 1000\nRUN id > /o/number\nUSER 1000:5\nRUN id > /o/numbers\nUSER 4242\nRUN id > /o/unknown\nUSER root\nRUN id > /o/root") },
  { name: "S66: a group by name", ...inBusybox("RUN mkdir -m 777 /o\nUSER 4242:extra\nRUN id > /o/a\nUSER app:0\nRUN id > /o/b") },
  { name: "S66: an unknown user", ...inBusybox("USER nobody-here\nRUN true"), fails: { says: "unable to find user nobody-here", code: "RUN_USER" } },
  { name: "S66: an unknown group", ...inBusybox("USER app:nogroup-here\nRUN true"), fails: { says: "unable to find group nogroup-here", code: "RUN_USER" } },
  { name: "S66: users are looked up at each step", ...inBusybox("RUN echo 'late:x:77:78::/:/bin/sh' >> /etc/passwd && mkdir -m 777 /o\nUSER late\nRUN id > /o/id") },
  { name: "S66: a user without a passwd file", ...inBusybox("RUN rm /etc/passwd /etc/group && mkdir -m 777 /o\nUSER 7\nRUN id -u > /o/id; id -g >> /o/id"), fails: { says: "unable to find user 7", code: "RUN_USER" } },
  { name: "S67: passwd through a symlink", ...inBusybox("RUN mkdir /deep && mv /etc/passwd /deep/passwd && ln -s /deep/passwd /etc/passwd && mkdir -m 777 /o\nUSER app\nRUN id -u > /o/id") },
  { name: "S68: USER does not own what is copied", dockerfile: "FROM scratch\nUSER 1000\nCOPY a /a\nADD a /d/b\n", files: { a: "a" } },
  { name: "S69: HOME comes from passwd", ...inBusybox("RUN mkdir -m 777 /o && echo $HOME > /o/root\nUSER app\nRUN echo $HOME > /o/app\nUSER 4242\nRUN echo $HOME > /o/unknown\nENV HOME=/mine\nRUN echo $HOME > /o/set") },
  { name: "WORKDIR in a child stage", dockerfile: "FROM scratch AS one\nWORKDIR /a\nFROM one\nWORKDIR b\nFROM scratch\nCOPY --from=1 / /\n" },
  { name: "WORKDIR: the user may be unknown", busybox: true, dockerfile: `${BUSYBOX}USER nobody-here\nWORKDIR /w\n` },
];
