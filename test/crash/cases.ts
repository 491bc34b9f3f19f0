/** The Dockerfiles that the harness builds: each has one digest, whatever was built, killed or pruned before. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../fuzz/random.ts";
import type { BuildOptions } from "../../src/index.ts";
import { BUSYBOX, type Workshop } from "../support/build.ts";

/** One build. */
export interface Case {
  readonly name: string;
  /** Its Dockerfile. */
  readonly file: string;
  readonly args: readonly string[];
  /** The same for the library. */
  readonly options: BuildOptions;
  /** For several platforms: those cannot go to a docker archive. */
  readonly isMany: boolean;
}

/** In the environment of every step: the processes of this harness are known by it. */
const MARK = "DECANT_CRASH";
/** What all steps of this run have in their environment. */
export const STEP_MARK: string = `${MARK}=${process.pid}`;

const SOURCE_DATE_EPOCH = "1700000000";
const EPOCH = ["--build-arg", `SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}`];

/** Writes `count` Dockerfiles into the workshop; `pulled` is an image of a registry with busybox in it. */
export function makeCases(shop: Workshop, random: Random, { count, pulled }: { readonly count: number; readonly pulled: string }): Case[] {
  for (let number = 0; number < 6; number += 1) shop.write({ [`files/${number}`]: `${number}\n`.repeat(1 + 4000 * number) });
  return Array.from({ length: count }, (_, number) => {
    const name = `case${number}`;
    const file = join(shop.folder, `${name}.Dockerfile`);
    const isMany = number % 5 === 4;
    writeFileSync(
      file,
      isMany ? platformsText(random, number, pulled) : stepsText(random, number, number % 3 === 2 ? `FROM ${pulled} AS base\n` : BUSYBOX),
    );
    const platforms = isMany ? ["linux/amd64", "linux/arm64"] : [];
    const words = isMany ? ["--platform", platforms.join(",")] : [];
    return {
      name,
      file,
      isMany,
      args: ["-f", file, "--provenance=false", ...EPOCH, ...words, shop.context],
      options: { context: shop.context, file, platforms, buildArgs: { SOURCE_DATE_EPOCH }, caCerts: "off", env: {} },
    };
  });
}

function stepsText(random: Random, number: number, base: string): string {
  const lines = [base, `ENV ${STEP_MARK.trim()}\n`, "FROM base AS side\n", step(random, number), "COPY files /side\n", "FROM base\n"];
  for (let left = 1 + random.below(4); left > 0; left -= 1) lines.push(step(random, left));
  lines.push("COPY --from=side /side /from-side\nCOPY --link files/1 /linked/\n");
  return lines.join("");
}

/** Only the host's platform can run steps everywhere. */
function platformsText(random: Random, number: number, pulled: string): string {
  const maker = `FROM --platform=$BUILDPLATFORM ${pulled} AS base\nFROM base AS maker\nENV ${STEP_MARK.trim()}\n${step(random, number)}`;
  return `${maker}COPY files/2 /made-file\nFROM scratch\nARG TARGETARCH\nCOPY --from=maker /made* /\nCOPY files/2 /arch/$TARGETARCH\n`;
}

function step(random: Random, number: number): string {
  return random.weighted([
    [3, `RUN seq ${1 + random.below(9000)} > /made${number}\n`],
    [1, `RUN mkdir -p /made-d${number}/a && for i in $(seq ${1 + random.below(200)}); do echo $i > /made-d${number}/a/$i; done\n`],
    [2, `RUN --mount=type=cache,target=/cache,sharing=locked seq 500 >> /cache/log && seq ${random.below(99)} > /made${number}\n`],
    [1, `RUN --mount=type=cache,target=/cache,id=c${number % 2} date > /cache/now && echo ${number} > /made${number}\n`],
    [1, `RUN --network=none --mount=type=bind,source=files,target=/bound cat /bound/2 > /made${number} && sleep 0.1\n`],
    [1, `COPY files /made${number}\n`],
    [1, `COPY <<END /made${number}\ntext ${random.below(9)}\nEND\n`],
  ] as const);
}
