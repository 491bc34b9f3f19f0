/** Runs the node:test files below the folders given. `--shuffle` is left to the reader: every test owns its folder and passes alone. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const folders = process.argv.slice(2);
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).toSorted();
if (files.length === 0) {
  console.error(`no tests below ${folders.join(", ")}`);
  process.exit(1);
}
const done = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-reporter=dot",
    "--test-reporter-destination=stdout",
    "--test-reporter=tap",
    "--test-reporter-destination=/dev/null",
    ...files,
  ],
  { stdio: "inherit" },
);
process.exit(done.status ?? 1);
