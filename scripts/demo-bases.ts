/**
 * The base images of the demo: from their registries where those can be reached, else stand-ins: root file systems of Debian bookworm made with
 * mmdebstrap, and the distroless base that Decant assembles itself. Stand-ins are kept, so that a second demo is fast.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import type { ImageSummary } from "../src/index.ts";
import { dim, ROOT, runDecant, type DemoEnvironment } from "./demo-tools.ts";
import { makeRootTar, type RootTar, rootTarPath } from "./root-tar.ts";

const PROBE_MS = 4000;
const SUITE = "bookworm";

/** A root file system with these Debian packages. */
interface StandIn {
  readonly name: string;
  readonly packages: readonly string[];
}

interface Base {
  readonly name: string;
  readonly registry: string;
  readonly standIn: StandIn | { readonly recipe: string };
}

const BASES: readonly Base[] = [
  { name: "ubuntu:latest", registry: "registry-1.docker.io", standIn: { name: "stand-in/ubuntu:latest", packages: ["ca-certificates"] } },
  {
    name: "node:18",
    registry: "registry-1.docker.io",
    standIn: { name: "stand-in/node:18", packages: ["ca-certificates", "nodejs", "npm"] },
  },
  {
    name: "node:18-slim",
    registry: "registry-1.docker.io",
    standIn: { name: "stand-in/node:18-slim", packages: ["ca-certificates", "nodejs"] },
  },
  { name: "gcr.io/distroless/nodejs:18", registry: "gcr.io", standIn: { recipe: "nodejs18-debian12" } },
];

/** A base image and what stands in for it, if anything. */
export interface ChosenBase {
  readonly name: string;
  readonly replacement?: string;
}

/** Finds out what can be pulled, makes the stand-ins for the rest, and says so in a line for each. */
export async function chooseBases(demo: DemoEnvironment): Promise<ChosenBase[]> {
  const registries = [...new Set(BASES.map((base) => base.registry))];
  const reachable = new Map(await Promise.all(registries.map(async (registry) => [registry, await canReach(registry)] as const)));
  const standIns: StandIn[] = [];
  const chosen = BASES.map((base): ChosenBase => {
    const problem = reachable.get(base.registry) === true ? pull(demo, base.name) : `${base.registry} cannot be reached`;
    if (problem === undefined) {
      say(base.name, "pulled");
      return { name: base.name };
    }
    if ("recipe" in base.standIn) {
      say(base.name, `${problem}; Decant assembles its own: ${base.standIn.recipe}`);
      return { name: base.name, replacement: `distroless:${base.standIn.recipe}` };
    }
    say(base.name, `${problem}; stand-in: Debian bookworm with ${base.standIn.packages.join(", ")}`);
    standIns.push(base.standIn);
    return { name: base.name, replacement: base.standIn.name };
  });
  await makeStandIns(demo, standIns);
  return chosen;
}

/** The text of a decant.yaml with the replacements. */
export function projectFileOf(bases: readonly ChosenBase[]): string {
  const lines = bases.flatMap(({ name, replacement }) => (replacement === undefined ? [] : [`  "${name}": "${replacement}"`]));
  return `# Written by npm run demo: what stands in for base images that cannot be reached from here.\nimages:\n${lines.join("\n")}\n`;
}

async function canReach(registry: string): Promise<boolean> {
  try {
    // Any answer will do; a registry answers this one with 401.
    await fetch(`https://${registry}/v2/`, { signal: AbortSignal.timeout(PROBE_MS), redirect: "manual" });
    return true;
  } catch {
    return false;
  }
}

function pull(demo: DemoEnvironment, name: string): string | undefined {
  try {
    runDecant(demo, ["pull", "--quiet", name], { capture: true });
    return undefined;
  } catch (error) {
    return `it cannot be pulled (${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)})`;
  }
}

async function makeStandIns(demo: DemoEnvironment, standIns: readonly StandIn[]): Promise<void> {
  const images: ImageSummary[] = JSON.parse(runDecant(demo, ["images", "--format", "json"], { capture: true }));
  const missing = standIns.filter(({ name }) => !images.some((image) => image.name === `docker.io/${name}`));
  if (missing.length < standIns.length) done(`${standIns.length - missing.length} of ${standIns.length} are here from the last time`);
  const folder = join(demo.folder, "bases");
  mkdirSync(folder, { recursive: true });
  const jobs = missing.map(({ name, packages }) => {
    const root = { suite: SUITE, packages };
    return { name, root, tar: rootTarPath(folder, root) };
  });
  await makeTars(jobs.filter(({ tar }) => !existsSync(tar)));
  for (const { name, tar } of jobs) {
    runDecant(demo, ["import", "--change", 'CMD ["bash"]', tar, name], { capture: true });
    done(`imported ${name}`);
  }
}

async function makeTars(jobs: readonly { readonly root: RootTar; readonly tar: string }[]): Promise<void> {
  if (jobs.length === 0) return;
  execFileSync(join(ROOT, "scripts/setup"), ["mmdebstrap", "debian-archive-keyring"], { stdio: "inherit" });
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  const what = `${jobs.length} root file system${jobs.length === 1 ? "" : "s"} with mmdebstrap`;
  const live = process.stdout.isTTY;
  if (!live) console.log(`  making ${what}`);
  const timer = live ? setInterval(() => process.stdout.write(`\r\u001b[K  ${dim(`making ${what}, ${seconds()} s`)}`), 500) : undefined;
  try {
    await Promise.all(jobs.map(({ tar, root }) => makeRootTar(tar, root)));
  } finally {
    clearInterval(timer);
    if (live) process.stdout.write("\r\u001b[K");
  }
  done(`made ${what} in ${seconds()} s`);
}

function say(name: string, text: string): void {
  console.log(`  ${name.padEnd(28)}${text}`);
}

function done(text: string): void {
  console.log(`  ${" ".repeat(28)}${styleText("green", "✔")} ${dim(text)}`);
}
