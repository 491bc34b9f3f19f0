/** RUN --mount: rules S111 to S120. Not supported yet; recorded for when it is. */
import type { Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

const pending = "RUN --mount";
const SEMANTIC = "DOCKERFILE_SEMANTIC";
const files = { a: "a\n", "d/f": "f\n" };

export const mounts: readonly Case[] = [
  { name: "S112: an unknown key", ...inBusybox("RUN --mount=nope=1 true"), fails: { says: "unexpected key 'nope'", code: SEMANTIC }, pending },
  { name: "S112: an unknown type", ...inBusybox("RUN --mount=type=nope,target=/x true"), fails: { says: 'unsupported mount type "nope"', code: SEMANTIC }, pending },
  { name: "S112: bind is the default", ...inBusybox("RUN --mount=target=/ctx cp /ctx/a /out"), files, pending },
  { name: "S113: a bind of the context is read-only", ...inBusybox("RUN --mount=type=bind,target=/ctx (echo x > /ctx/new) 2>/dev/null && echo rw > /out || echo ro > /out"), files, pending },
  { name: "S113: rw writes are discarded", ...inBusybox("RUN --mount=type=bind,source=d,target=/d,rw echo x > /d/new && ls /d > /out\nRUN --mount=source=d,target=/d ls /d > /out2"), files, pending },
  { name: "S113: a relative target", ...inBusybox("WORKDIR /w\nRUN --mount=source=a,target=b cat b > out"), files, pending },
  { name: "S113: a missing source", ...inBusybox("RUN --mount=source=nope,target=/x true"), files, pending, fails: { says: "not found", code: "COPY_SOURCE_MISSING" } },
  { name: "S113: from a stage", busybox: true, files, dockerfile: `FROM scratch AS src\nCOPY d /s\n${BUSYBOX}RUN --mount=from=src,source=/s,target=/x cat /x/f > /out\n`, pending },
  { name: "S114: a cache is not in the image", ...inBusybox("RUN --mount=type=cache,target=/root/.cache echo x > /root/.cache/f && ls /root/.cache > /out\nRUN --mount=type=cache,target=/root/.cache ls /root/.cache > /out2"), pending },
  { name: "S114: mode and owner of a cache", ...inBusybox("RUN --mount=type=cache,id=conformance-owner,target=/c,mode=0700,uid=5,gid=6 stat -c '%a %u:%g' /c > /out"), pending },
  { name: "S118: a tmpfs", ...inBusybox("RUN --mount=type=tmpfs,target=/t echo x > /t/f && cat /t/f > /out"), pending },
  { name: "S119: a secret that is not given", ...inBusybox("RUN --mount=type=secret,id=s [ -e /run/secrets/s ] && echo yes > /out || echo no > /out"), pending },
  { name: "S119: a required secret that is not given", ...inBusybox("RUN --mount=type=secret,id=s,required true"), pending, fails: { says: "secret s: not found", code: "RUN_FAILED" } },
  { name: "S120: ssh that is not given", ...inBusybox('RUN --mount=type=ssh echo "x$SSH_AUTH_SOCK" > /out'), pending },
];
