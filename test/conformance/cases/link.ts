/** COPY --link: rule S86. */
import { dir, symlink } from "../files.ts";
import type { Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

const files = { a: "a\n", "src/f": "f\n", "src/sub/g": "g\n" };

export const link: readonly Case[] = [
  { name: "S86: --link to new paths", dockerfile: "FROM scratch\nCOPY --link a /a\nCOPY --link a /x/y/\nCOPY --link src /s\n", files },
  { name: "S86: --link replaces the metadata of directories", ...inBusybox("RUN mkdir -p -m 700 /s/sub && chown -R 5:6 /s\nCOPY --link src /s\nCOPY --link a /s/sub/"), files },
  { name: "S86: --link does not follow a symlink of the image", ...inBusybox("RUN mkdir /real && ln -s real /ln\nCOPY --link a /ln/\nRUN ls /ln /real > /out"), files },
  { name: "S86: --link to a directory that exists", ...inBusybox("RUN mkdir /d && echo old > /d/old\nCOPY --link a /d\n"), files },
  { name: "S86: --link into a directory that exists", ...inBusybox("RUN mkdir /d && echo old > /d/old\nCOPY --link a /d/\n"), files },
  { name: "S86: --link over a file", dockerfile: "FROM scratch\nCOPY a /f\nCOPY --link src/f /f\n", files },
  { name: "S86: --link with --chown by number", dockerfile: "FROM scratch\nCOPY --link --chown=5:6 src /x/y\n", files },
  { name: "S86: --link with --chown by name", ...inBusybox("COPY --link --chown=app a /a"), files, fails: { says: "invalid user index", code: "DOCKERFILE_SEMANTIC" } },
  { name: "S86: --link with --chmod is no link", ...inBusybox("RUN mkdir /real && ln -s real /ln\nCOPY --link --chmod=600 a /ln/"), files },
  { name: "S86: --link from a stage", dockerfile: "FROM scratch AS one\nCOPY src /s\nFROM scratch\nCOPY --link --from=one /s /t\nCOPY --link --from=one /s/f .\n", files },
  { name: "S86: --link with a working directory", dockerfile: "FROM scratch\nWORKDIR /w\nCOPY --link a .\nCOPY --link a x/.\nCOPY --link src ./s\n", files },
  { name: "S86: --link over a base", dockerfile: "FROM @{base}\nCOPY --link a /etc/\nADD --link a /etc/b\n", files, bases: { base: { layers: [[{ path: "etc/", type: "dir", mode: 0o750 }, { path: "etc/c", content: "c" }]] } } },
  { name: "S86: --link of an empty directory", dockerfile: "FROM scratch\nCOPY --link e /e\n", files: { e: dir() } },
  { name: "S86: --link of symlinks", dockerfile: "FROM scratch\nCOPY --link d /d\n", files: { "d/x": symlink("/y"), "d/y": "y" } },
  { name: "S86: steps after --link see its files", busybox: true, files, dockerfile: `${BUSYBOX}COPY --link src /s\nRUN cat /s/f /s/sub/g > /out\n` },
];
