/** Rows that copy files: many small ones, and big ones that have to be compressed. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildSpec } from "./builders.ts";
import { contextOf, halfCompressible, manyFiles } from "./contexts.ts";
import { floorFolder, packed, uploaded, walk } from "./floors.ts";
import type { Place, Row } from "./rows.ts";

function files({ folder, sizes }: Place): BuildSpec {
  return contextOf(folder, "files", "FROM scratch\nCOPY files /files\n", {
    recipe: String(sizes.files),
    make: (context) => manyFiles(context, sizes.files),
  });
}

function big({ folder, sizes }: Place): BuildSpec {
  const made = contextOf(folder, "big", "FROM scratch\nCOPY big /big\n", {
    recipe: String(sizes.bigMebibytes),
    make: (context) => halfCompressible(join(context, "big"), sizes.bigMebibytes),
  });
  return { ...made, output: { kind: "oci", dest: join(folder, "big.tar") } };
}

function bigPush({ folder, emptyRegistry, sizes }: Place): BuildSpec {
  const made = contextOf(folder, "push-big", "FROM scratch\nCOPY random text /\n", {
    make(context) {
      for (let part = 0; part < sizes.pushedMegabytes; part += 1) {
        writeFileSync(join(context, "random"), randomBytes(1_000_000), { flag: "a" });
        const text = `line ${part} of some text that a person might have written\n`.repeat(18_000);
        writeFileSync(join(context, "text"), text, { flag: "a" });
      }
    },
  });
  return { ...made, output: { kind: "push", name: `${emptyRegistry}/bench/big:latest` } };
}

const filesOf = (place: Place): string => join(place.folder, "ctx-files/files");

/** See rows.ts. */
export const FILE_ROWS: readonly Row[] = [
  {
    name: "20,000 files, COPY, cold",
    wanted: 0.2,
    runs: 2,
    mode: "cold",
    prepare: files,
    floor: { words: "`tar`, and `sha256sum` beside it", script: (place) => packed(filesOf(place)) },
  },
  {
    name: "20,000 files, COPY, nothing changed",
    wanted: 0.25,
    runs: 3,
    mode: "warm",
    prepare: files,
    floor: { words: "`find` with size and time of each file", script: (place) => walk(filesOf(place)) },
  },
  {
    name: "20,000 files, COPY, one file changed",
    wanted: 0.2,
    runs: 3,
    mode: "touched",
    prepare: files,
    change: ({ folder }, run) => writeFileSync(join(folder, "ctx-files/files/d1/f7.txt"), `changed ${run} ${Date.now()}`),
    floor: {
      words: "`find`, and `cp` of the old tar with `sha256sum`",
      script(place) {
        const folder = floorFolder(place);
        if (!existsSync(join(folder, "old.tar"))) execFileSync("tar", ["-C", filesOf(place), "-cf", "old.tar", "."], { cwd: folder });
        return `${walk(filesOf(place))}\ntee new.tar < old.tar | sha256sum >/dev/null`;
      },
    },
  },
  {
    name: "1 GiB file, half compressible, gzip, OCI tar, cold",
    wanted: 0.25,
    runs: 1,
    mode: "cold",
    prepare: big,
    floor: {
      words: "`tar`, `igzip -1`, `sha256sum`",
      script: (place) => `${packed(join(place.folder, "ctx-big"), "igzip -1")}`,
    },
  },
  {
    name: "1 GiB file, half compressible, zstd, OCI tar, cold",
    wanted: 0.25,
    runs: 1,
    mode: "cold",
    prepare(place) {
      const made = big(place);
      return { ...made, output: { kind: "oci", dest: join(place.folder, "big.tar"), compression: "zstd" } };
    },
    floor: { words: "`tar`, `zstd -3 -T0`, `sha256sum`", script: (place) => packed(join(place.folder, "ctx-big"), "zstd -3 -T0 -q") },
  },
  {
    name: "COPY of 200 MB random and 200 MB text, push, cold",
    wanted: 0.45,
    runs: 1,
    mode: "cold",
    emptyRegistry: true,
    prepare: bigPush,
    floor: {
      words: "`tar`, `igzip -1`, `sha256sum`, `curl`",
      script: (place) =>
        `tar -C ${join(place.folder, "ctx-push-big")} -cf - random text | tee >(sha256sum >/dev/null) | igzip -1 > big.gz\n${uploaded(place.emptyRegistry, "bench/big", ["big.gz"])}`,
    },
  },
];
