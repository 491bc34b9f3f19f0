/** Runs the node:test files below the folders given, in one run that closes with its summary. Options of node --test may follow the folders. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { availableParallelism } from "node:os";

const words = process.argv.slice(2);
const folders = words.filter((word) => !word.startsWith("-"));
const absent = folders.filter((folder) => !existsSync(folder));
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).toSorted();
if (absent.length > 0 || files.length === 0) {
  console.error(absent.length > 0 ? `there is no folder ${absent.join(", ")}` : `there are no tests below ${folders.join(", ")}`);
  process.exit(1);
}
const options = [
  "--test",
  "--test-reporter=spec",
  `--test-concurrency=${availableParallelism()}`,
  ...words.filter((word) => word.startsWith("-")),
];
const done = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit" });
process.exit(done.status ?? 1);
