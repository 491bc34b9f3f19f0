/**
 * `npm run demo`: builds examples/node-express-ts from three Dockerfiles, starts each image, asks it over HTTP, compares the images,
 * and proves that the smallest has all that it needs.
 * Everything goes through the command line, as a user would; every figure is measured.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { styleText } from "node:util";
import type { ImageDetails } from "../src/index.ts";
import { chooseBases, projectFileOf } from "./demo-bases.ts";
import { callService } from "./demo-service.ts";
import { comparison } from "./demo-table.ts";
import { dim, heading, ROOT, runDecant, type DemoEnvironment } from "./demo-tools.ts";

const EXAMPLE = join(ROOT, "examples/node-express-ts");
const VARIANTS = ["one-stage", "multi-stage", "distroless"] as const;

const startedAt = performance.now();
const folder = process.env["DECANT_DEMO_DIR"] ?? join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "decant-demo");
mkdirSync(folder, { recursive: true });
const demo: DemoEnvironment = { folder, env: { ...process.env, DECANT_ROOT: join(folder, "store") } };

try {
  execFileSync(process.execPath, [join(ROOT, "scripts/bundle.ts")], { stdio: ["ignore", "ignore", "inherit"] });

  heading(1, "Base images");
  const bases = await chooseBases(demo);
  const projectFile = join(folder, "decant.yaml");
  writeFileSync(projectFile, projectFileOf(bases));

  heading(2, "Build");
  for (const variant of VARIANTS) {
    const file = relative(process.cwd(), join(EXAMPLE, `${variant}.Dockerfile`));
    const context = relative(process.cwd(), EXAMPLE);
    runDecant(demo, ["build", "-t", `demo/${variant}`, "-f", file, "--project-file", projectFile, "--ca-certs", "auto", context]);
  }

  heading(3, "Run");
  for (const variant of VARIANTS) await callService(demo, `demo/${variant}`);

  heading(4, "Compare");
  const images = VARIANTS.map((variant) => {
    const details: ImageDetails = JSON.parse(
      runDecant(demo, ["inspect", "--format", "json", "--sizes", `demo/${variant}`], { capture: true }),
    );
    return { variant, details };
  });
  console.log(`\n${comparison(images)}`);
  const replaced = bases.filter((base) => base.replacement !== undefined).map((base) => base.name);
  if (replaced.length > 0)
    console.log(
      dim(`Base images that cannot be reached from here were replaced as part 1 says, and sizes are of that: ${replaced.join(", ")}.\n`),
    );

  heading(5, "Audit");
  runDecant(demo, ["audit", "demo/distroless"]);

  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${styleText("green", "✔")} Done in ${seconds} s. Everything is in ${folder}; run it again to see the cache at work.`);
} catch (error) {
  console.error(`\n${styleText("red", "ERROR:")} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
