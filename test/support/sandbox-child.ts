/** A builder to be killed: runs a step in folder argv[2] that says "up" and then sleeps for ever, under the name argv[3]. */
import { join } from "node:path";
import { createSandbox } from "../../src/engine/sandbox/index.ts";
import { hostTree } from "../../src/tree/index.ts";

const [folder = "", marker = ""] = process.argv.slice(2);
const base = join(folder, "base");
const sandbox = createSandbox({ stateDir: join(folder, "state") });
await sandbox.run({
  id: "step",
  lowers: [base],
  upper: join(folder, "upper"),
  root: hostTree(base),
  args: ["/bin/sh", "-c", "echo up; sleep 1000 & sleep 1000; wait", marker],
  env: ["PATH=/bin"],
  cwd: "/",
  user: "",
  network: "none",
  mounts: [],
  onOutput: (_stream, chunk) => void process.stdout.write(chunk),
});
