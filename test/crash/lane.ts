/** One lane of the harness, a process of its own: rounds on one store after the other until its time is over. `run.ts` starts it and reads what it says. */
import { createRandom } from "../fuzz/random.ts";
import { noCounts, type LaneInput, type LaneReport } from "./lane-types.ts";
import { runRound } from "./round.ts";
import { openWorld } from "./world.ts";

const CASES = 7;
/** A store is given up after so many rounds, and another file system takes its place. */
const ROUNDS = 12;

// Written by `run.ts`.
const { seed, seconds, grounds } = JSON.parse(process.argv[2] ?? "") as LaneInput;
const report = (message: LaneReport): void => void process.send?.(message);
const end = performance.now() + seconds * 1000;
{
  await using world = await openWorld(seed, CASES);
  const random = createRandom(seed);
  const durations = new Map<string, number>();
  for (let turn = 0; performance.now() < end; turn += 1) {
    const name = grounds[turn % grounds.length] ?? "disk";
    using site = await world.openSite(name, { isCapped: random.chance(0.5) });
    const parts = { world, site, random, durations, exported: [], clock: { hasJumped: false } };
    for (let round = 0; round < ROUNDS && performance.now() < end; round += 1) {
      const counts = noCounts();
      const problems = await runRound({ ...parts, counts });
      report({ ground: name, counts, problems });
    }
  }
}
process.disconnect();
