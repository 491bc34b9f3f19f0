/** What the table has: its rows, in the order in which they run. docs/promises.md, "How fast". */
import type { BuildSpec } from "./builders.ts";
import { APP_ROWS } from "./app-rows.ts";
import { BASE_ROWS } from "./base-rows.ts";
import { FILE_ROWS } from "./file-rows.ts";
import { IMAGE_ROWS, type ImageRow } from "./image-rows.ts";
import { STEP_ROWS } from "./step-rows.ts";

/** Where everything is. */
export interface Place {
  /** On the file system of the benchmark. */
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
