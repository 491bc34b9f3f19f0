/** What the table has: its rows, in the order in which they run. docs/promises.md, "How fast". */
import type { BuildSpec } from "./builders.ts";
import { APP_ROWS } from "./app-rows.ts";
import { BASE_ROWS } from "./base-rows.ts";
import { FILE_ROWS } from "./file-rows.ts";
import { IMAGE_ROWS, type ImageRow } from "./image-rows.ts";
import { STEP_ROWS } from "./step-rows.ts";

/** How much of everything there is. */
export interface Sizes {
  /** In the rows that copy many of them. */
  readonly files: number;
  /** Of the one big file. */
  readonly bigMebibytes: number;
  /** Of random bytes, and of text. */
  readonly pushedMegabytes: number;
  /** In the registry: "library/node:18". */
  readonly base: { readonly name: string; readonly tag: string };
  readonly runSteps: number;
  readonly sleepers: number;
  readonly rewrittenFiles: number;
  /** Of the image that is moved, and of the index. */
  readonly imageMebibytes: number;
}

/** What the names of the rows say. */
export const FULL: Sizes = {
  files: 20_000,
  bigMebibytes: 1024,
  pushedMegabytes: 200,
  base: { name: "library/node", tag: "18" },
  runSteps: 50,
  sleepers: 20,
  rewrittenFiles: 5000,
  imageMebibytes: 400,
};

/** To see that every row works. */
export const SMALL: Sizes = {
  files: 200,
  bigMebibytes: 4,
  pushedMegabytes: 1,
  base: { name: "library/busybox", tag: "latest" },
  runSteps: 3,
  sleepers: 3,
  rewrittenFiles: 200,
  imageMebibytes: 4,
};

/** Where everything is. */
export interface Place {
  readonly sizes: Sizes;
  /** The socket of the dockerd of the benchmark. */
  readonly dockerSocket: string;
  /** For contexts and results, on the file system of the benchmark. */
  readonly folder: string;
  /** Has the bases, and takes what is pushed: "127.0.0.1:5000". */
  readonly registry: string;
  /** A second one, which is empty before each run. */
  readonly emptyRegistry: string;
}

/** What bare tools need for the same bytes. */
export interface Floor {
  /** For the reader of the table. */
  readonly words: string;
  /** Makes what it needs, and gives a script of bash. It runs in the folder "floor" of the place. Only the script is timed. */
  readonly script: (place: Place) => string | Promise<string>;
}

/** One row of the table that builds. */
export interface Row {
  readonly name: string;
  /** Wall-time ratio to the faster peer that is wanted. */
  readonly wanted?: number;
  /** In each round. */
  readonly runs: number;
  /** Makes the context, unless it is there, and says what to build. */
  prepare(place: Place): BuildSpec;
  /** "cold": every run starts with empty caches. "warm": one build before, not counted. "touched": warm, and `change` before each run. */
  readonly mode: "cold" | "warm" | "touched";
  change?(place: Place, run: number): void;
  /** Whether an empty registry runs while it is measured. */
  readonly emptyRegistry?: true;
  readonly floor: Floor;
  /** Needs the network, so its time is that of others. Only measured on request. */
  readonly network?: true;
  /** Builders that cannot do it, with the reason. */
  readonly without?: Partial<Record<"docker" | "buildah", string>>;
}

/** All rows. A row that starts warm follows the one that leaves its cache. */
export const ROWS: readonly (Row | ImageRow)[] = [...FILE_ROWS, ...APP_ROWS, ...STEP_ROWS, ...BASE_ROWS, ...IMAGE_ROWS];
