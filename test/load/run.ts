/**
 * npm run test:load [-- --seconds N --only NAME,…]: each load for its share of the time, one after the other. The loads are tests, which `npm test`
 * tries for some seconds; here they also get larger.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "75" }, only: { type: "string" } } });
const files = globSync(join(import.meta.dirname, "*.test.ts")).toSorted();
const names = files.map((file) => basename(file, ".test.ts"));
const seconds = Number(values.seconds);
const wanted = values.only?.split(",") ?? names;
if (!(seconds > 0)) throw new Error("--seconds is a number");
for (const name of wanted) if (!names.includes(name)) throw new Error(`there is no load "${name}"; there are ${names.join(", ")}`);

const env = { ...process.env, DECANT_LOAD_SECONDS: String(seconds / wanted.length) };
const chosen = files.filter((_, at) => wanted.includes(names[at] ?? ""));
const options = ["--test", "--test-reporter=spec", "--test-concurrency=1"];
const { status } = spawnSync(process.execPath, [...options, ...chosen], { stdio: "inherit", env });
process.exit(status ?? 1);
