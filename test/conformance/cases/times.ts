/** R9: a directory has the time of the step that last changed what is in it, unless the step gives it another one. */
import { dir, file, tar } from "../files.ts";
import type { TarMember } from "../../support/archive.ts";
import type { Base, Case } from "../types.ts";
import { inBusybox } from "./support.ts";

const old: Base = {
  layers: [
    [
      { path: "d/", type: "dir", mtime: 1_100_000_001 },
      { path: "d/s/", type: "dir", mode: 0o750, uid: 3, mtime: 1_100_000_002 },
      { path: "d/s/f", content: "old\n", mtime: 1_100_000_003 },
      { path: "e/", type: "dir", mtime: 1_100_000_004 },
      { path: "e/f", content: "old\n", mtime: 1_100_000_005 },
      { path: "l", type: "symlink", link: "d/s", mtime: 1_100_000_006 },
    ],
  ],
};
const members: readonly TarMember[] = [{ path: "d/x", content: "x", mtime: 1_200_000_000 }];
const files = {
  f: file("new\n", { mtime: 1_300_000_001 }),
  c: dir({ mode: 0o711, mtime: 1_300_000_002 }),
  "c/f": file("new\n", { mtime: 1_300_000_003 }),
  "c/s": dir({ mode: 0o700, mtime: 1_300_000_004 }),
  "c/s/g": file("new\n", { mtime: 1_300_000_005 }),
  "t.tar": tar(members),
};

/** Lines over the old image; every time counts. */
function over(name: string, lines: string, more: Partial<Case> = {}): Case {
  return { name: `R9: ${name}`, dockerfile: `FROM @{old}\n${lines}\n`, bases: { old }, files, times: ["*"], ...more };
}

const RUNS = ["d", "d/r", "e", "d/s"];

export const times: readonly Case[] = [
  over("a file into a directory", "COPY f /d/"),
  over("a file over a file", "COPY f /d/s/f"),
  over("a file through a symlink", "COPY f /l/new"),
  over("a file into new directories", "COPY f /d/new/deep/f"),
  over("two files in one step", "COPY f c/f /d/"),
  over("a directory into one that exists", "COPY c /d"),
  over("a directory to a new place in a directory", "COPY c /d/n/m"),
  over("a directory over nested ones", "COPY c /d/\nCOPY f /d/s/"),
  over("a whole context", "COPY . /d/all"),
  over("the root of an image", "FROM scratch\nCOPY --from=@{old} / /r\nCOPY --from=@{old} /d /d"),
  over("the root of a stage that a directory was copied to", "COPY c /\nFROM scratch\nCOPY --from=0 / /r"),
  over("a heredoc", "COPY <<EOF /d/h\nx\nEOF"),
  over("--exclude", "COPY --exclude=f c /d"),
  over("--chmod and --chown", "COPY --chmod=600 --chown=5 f /d/n/"),
  over("--link of a file", "COPY --link f /d/x/f"),
  over("--link of a directory", "COPY --link c /d"),
  over("ADD of a file", "ADD f /d/"),
  over("ADD of an archive", "ADD t.tar /\nADD t.tar /e/new"),
  over("a new WORKDIR", "WORKDIR /d/w/v"),
  over("a WORKDIR that exists", "WORKDIR /d/s"),
  { name: "R9: RUN mkdir and rm", ...inBusybox("COPY c /d\nCOPY c /e\nRUN mkdir /d/r && rm /e/f"), files, times: RUNS },
  over("SOURCE_DATE_EPOCH is the time of the step", "COPY f /d/\nCOPY f /d/new/f\nADD t.tar /e/", { epoch: 1_500_000_000 }),
  over("SOURCE_DATE_EPOCH is the time of a WORKDIR", "WORKDIR /d/w/v", { epoch: 1_500_000_000 }),
];
