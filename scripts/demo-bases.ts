/**
 * The base images of the demo: from their registries where those can be reached, else stand-ins: root file systems of Debian bookworm made with
 * mmdebstrap, and the distroless base that Decant assembles itself. Stand-ins are kept, so that a second demo is fast.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";
import type { ImageSummary } from "../src/index.ts";
import { dim, ROOT, runDecant, type DemoEnvironment } from "./demo-tools.ts";

const PROBE_MS = 4000;
const MIRROR = "http://deb.debian.org";
const SOURCES = [
  `deb ${MIRROR}/debian bookworm main`,
  `deb ${MIRROR}/debian bookworm-updates main`,
  `deb ${MIRROR}/debian-security bookworm-security main`,
];

interface Base {
  readonly name: string;
  readonly registry: string;
  /** Debian packages of the root file system, or the recipe of a distroless base. */
  readonly standIn: { readonly name: string; readonly packages: readonly string[] } | { readonly recipe: string };
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
  const chosen: ChosenBase[] = [];
  for (const base of BASES) {
    const problem = reachable.get(base.registry) === true ? pull(demo, base.name) : `${base.registry} cannot be reached`;
    if (problem === undefined) {
      say(base.name, "pulled");
      chosen.push({ name: base.name });
    } else if ("recipe" in base.standIn) {
      say(base.name, `${problem}; Decant assembles its own: ${base.standIn.recipe}`);
      chosen.push({ name: base.name, replacement: `distroless:${base.standIn.recipe}` });
    } else {
      const { name, packages } = base.standIn;
      say(base.name, `${problem}; stand-in: Debian bookworm with ${packages.join(", ")}`);
      await makeStandIn(demo, name, packages);
      chosen.push({ name: base.name, replacement: name });
    }
  }
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

async function makeStandIn(demo: DemoEnvironment, name: string, packages: readonly string[]): Promise<void> {
  const images: ImageSummary[] = JSON.parse(runDecant(demo, ["images", "--format", "json"], { capture: true }));
  if (images.some((image) => image.name === `docker.io/${name}`)) return done(`${name} is there from the last time`);
  const bases = join(demo.folder, "bases");
  mkdirSync(bases, { recursive: true });
  const tar = join(bases, `bookworm+${packages.join("+")}.tar`);
  if (!existsSync(tar)) {
    execFileSync(join(ROOT, "scripts/setup"), ["mmdebstrap", "debian-archive-keyring"], { stdio: "inherit" });
    const startedAt = performance.now();
    await mmdebstrap(`${tar}.part`, packages);
    renameSync(`${tar}.part`, tar);
    done(`root file system made in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
  runDecant(demo, ["import", "--change", 'CMD ["bash"]', tar, name], { capture: true });
  done(`imported as ${name}`);
}

/** Writes a root file system as tar; shows on a terminal what it is at. */
async function mmdebstrap(target: string, packages: readonly string[]): Promise<void> {
  rmSync(target, { force: true });
  const child = spawn(
    "mmdebstrap",
    ["--variant=minbase", "--format=tar", `--include=${packages.join(",")}`, "bookworm", target, ...SOURCES],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const said: string[] = [];
  const live = process.stdout.isTTY;
  for await (const line of createInterface({ input: child.stderr })) {
    if (!/^ *I: /.test(line)) said.push(line);
    else if (live) process.stdout.write(`\r\u001b[K  ${dim(line.replace(/^ *I: /, "mmdebstrap: ").slice(0, process.stdout.columns - 4))}`);
  }
  if (live) process.stdout.write("\r\u001b[K");
  const code = await new Promise<number | null>((settle) =>
    child.exitCode === null ? child.once("exit", settle) : settle(child.exitCode),
  );
  if (code === 0) return;
  rmSync(target, { force: true });
  throw new Error(`mmdebstrap failed:\n${said.slice(-10).join("\n")}`);
}

function say(name: string, text: string): void {
  console.log(`  ${name.padEnd(28)}${text}`);
}

function done(text: string): void {
  console.log(`  ${" ".repeat(28)}${styleText("green", "✔")} ${dim(text)}`);
}
