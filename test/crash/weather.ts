/** What is in the way of the commands of a round. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../fuzz/random.ts";
import type { Ground } from "./grounds.ts";
import type { Fault } from "./processes.ts";

/** SIGKILL alone, system calls that fail, too few open files, a clock that jumps, a disk that is read-only or nearly full. */
export type Weather = "kills" | "failing calls" | "few files" | "clock" | "read-only" | "full disk";

/** How commands are started under it. */
export interface Start {
  readonly fault?: Fault | undefined;
  readonly under?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Calls that write, and those that a process with too many files cannot make. libuv ends the process when it cannot wake its threads, so write(2) is not among them: small disks are for that. */
const CALLS = [
  "pwrite64",
  "pwrite64",
  "fsync",
  "fdatasync",
  "ftruncate",
  "rename",
  "mkdir",
  "unlink",
  "copy_file_range",
  "fchmod",
  "link,linkat",
] as const;
/** Of Debian's package libfaketime. */
const FAKE_TIME = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketimeMT.so.1`;

/** Chooses one that the ground can have. */
export function chooseWeather(random: Random, ground: Ground): Weather {
  return random.weighted<Weather>([
    [12, "kills"],
    [3, "failing calls"],
    [2, "few files"],
    [existsSync(FAKE_TIME) ? 2 : 0, "clock"],
    [1, "read-only"],
    [ground.leave === undefined ? 0 : 4, "full disk"],
  ]);
}

/** Whether commands may fail under it, with a message. */
export function mayFail(weather: Weather): boolean {
  return weather !== "kills" && weather !== "clock";
}

/** A weather that has begun; disposed, the machine is as before. */
export interface Begun extends Disposable {
  start(): Start;
  /** Another time of the clock, where that is the weather. */
  change(): void;
}

/** Begins it. `folder`: for a file of its own. */
export function beginWeather(
  weather: Weather,
  random: Random,
  { ground, folder }: { readonly ground: Ground; readonly folder: string },
): Begun {
  const clock = join(folder, "clock");
  if (weather === "read-only") ground.setReadOnly(true);
  if (weather === "full disk") ground.leave?.(random.below(random.pick([100_000, 1_000_000, 4_000_000])));
  if (weather === "clock") writeFileSync(clock, random.pick(["+0", "+2d"]));
  return {
    start: () => startUnder(weather, random, clock),
    change() {
      if (weather === "clock") writeFileSync(clock, random.pick(["-1h", "-3d", "+1d"]));
    },
    [Symbol.dispose]() {
      if (weather === "read-only") ground.setReadOnly(false);
      if (weather === "full disk") ground.leave?.(undefined);
    },
  };
}

function startUnder(weather: Weather, random: Random, clock: string): Start {
  switch (weather) {
    case "failing calls":
      return {
        fault: {
          call: random.pick(CALLS),
          error: random.pick(["ENOSPC", "EIO"]),
          when: 1 + random.below(random.pick([2, 6, 20])),
          isLasting: random.chance(0.6),
        },
      };
    case "few files": {
      const most = String(24 + random.below(random.pick([10, 60])));
      return { under: ["prlimit", `--nofile=${most}:${most}`] };
    }
    case "clock":
      return {
        env: {
          LD_PRELOAD: FAKE_TIME,
          FAKETIME_TIMESTAMP_FILE: clock,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
          NO_FAKE_STAT: "1",
        },
      };
    case "kills":
    case "read-only":
    case "full disk":
      return {};
  }
}
