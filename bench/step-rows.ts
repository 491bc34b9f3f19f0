/** Rows whose time is that of RUN steps and stages. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contextOf, kept, manyFiles } from "./contexts.ts";
import { BARE_NODE, bundle, WAIT_ALL } from "./floors.ts";
import type { Place, Row } from "./rows.ts";

const AT_ONCE = 8;
const STAGES = 300;

const numbers = (count: number): number[] => Array.from({ length: count }, (_none, at) => at);
const busybox = ({ registry }: Place): string => `${registry}/library/busybox`;

/** See rows.ts. */
export const STEP_ROWS: readonly Row[] = [
  {
    name: "300 stages, the target needs 3",
    wanted: 0.2,
    runs: 3,
    mode: "cold",
    prepare({ folder }) {
      const stages = numbers(STAGES).map(
        (stage) => `FROM scratch AS s${stage}\nCOPY a /a${stage}\n${stage % 100 === 0 ? "" : `COPY --from=s${stage - 1} / /\n`}`,
      );
      const last = "FROM scratch\nCOPY --from=s0 / /\nCOPY --from=s100 / /\nCOPY --from=s200 / /\n";
      return contextOf(folder, "pruned", `${stages.join("")}${last}`, { make: (context) => writeFileSync(join(context, "a"), "a") });
    },
    floor: { words: "start of Node.js", script: () => BARE_NODE },
  },
  {
    name: "20 independent stages of `sleep 0.3`",
    wanted: 0.3,
    runs: 2,
    mode: "cold",
    prepare(place) {
      const stages = numbers(place.sizes.sleepers).map(
        (stage) => `FROM ${busybox(place)} AS s${stage}\nRUN sleep 0.3; echo ${stage} > /out${stage}\n`,
      );
      const last = numbers(place.sizes.sleepers).map((stage) => `COPY --from=s${stage} /out${stage} /\n`);
      return contextOf(place.folder, "stages", `${stages.join("")}FROM scratch\n${last.join("")}`);
    },
    floor: {
      words: "`crun run` for each, all at once",
      script(place) {
        const run = bundle(place, "sleep", "sleep 0.3; echo 1 > /out");
        return `${numbers(place.sizes.sleepers)
          .map((at) => `${run(`sleep${at}`)} &`)
          .join("\n")}\n${WAIT_ALL}`;
      },
    },
  },
  {
    name: "50 tiny RUN steps",
    wanted: 0.15,
    runs: 1,
    mode: "cold",
    prepare: (place) =>
      contextOf(
        place.folder,
        "runs",
        `FROM ${busybox(place)}\n${numbers(place.sizes.runSteps)
          .map((step) => `RUN echo ${step} > /f${step}\n`)
          .join("")}`,
      ),
    floor: {
      words: "`crun run` for each, one after the other",
      script(place) {
        const run = bundle(place, "tiny", "echo 1 > /f");
        return numbers(place.sizes.runSteps)
          .map((at) => run(`tiny${at}`))
          .join("\n");
      },
    },
  },
  {
    name: "8 builds at once on one store",
    wanted: 0.35,
    runs: 2,
    mode: "cold",
    prepare(place) {
      const [first, ...beside] = numbers(AT_ONCE).map((build) =>
        contextOf(place.folder, `at-once-${build}`, `FROM ${busybox(place)}\nCOPY files /files\nRUN echo ${build} > /built\n`, {
          make: (context) => manyFiles(context, 200),
        }),
      );
      if (first === undefined) throw new Error("no builds");
      return { ...first, beside };
    },
    floor: {
      words: "`tar` and `crun run` for each, all at once",
      script(place) {
        const run = bundle(place, "built", "echo 1 > /built");
        return `${numbers(AT_ONCE)
          .map((at) => `{ tar -C ${place.folder}/ctx-at-once-${at} -cf files${at}.tar files; ${run(`built${at}`)}; } &`)
          .join("\n")}\n${WAIT_ALL}`;
      },
    },
  },
  {
    name: "RUN that rewrites 5,000 files of its base",
    wanted: 0.3,
    runs: 1,
    mode: "touched",
    prepare(place) {
      const rewrite = `RUN export N="$(cat /n)"; find /files -type f -exec sh -c 'for f; do echo "$N" >> "$f"; done' _ {} +\n`;
      return contextOf(place.folder, "rewrite", `FROM ${busybox(place)}\nCOPY files /files\nCOPY n /n\n${rewrite}`, {
        make(context) {
          manyFiles(context, place.sizes.rewrittenFiles);
          writeFileSync(join(context, "n"), "0");
        },
      });
    },
    change: ({ folder }, run) => writeFileSync(join(folder, "ctx-rewrite", "n"), `${run} ${Date.now()}`),
    floor: {
      words: "the same command on a copy of the files, and `tar`",
      script({ folder, sizes }) {
        const files = kept(folder, "floor-rewritten", "", (path) => manyFiles(path, sizes.rewrittenFiles));
        if (!existsSync(files)) throw new Error("no files");
        return `export N=1; find ${files} -type f -exec busybox sh -c 'for f; do echo "$N" >> "$f"; done' _ {} +\ntar -C ${files} -cf rewritten.tar .`;
      },
    },
  },
];
