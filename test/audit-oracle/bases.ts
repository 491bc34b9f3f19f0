/** The directories that programs lie on: bases that Decant assembles, and packages of npm. Made once, and kept between runs. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DECANT } from "../support/command.ts";
import { must } from "./image.ts";
import type { Kind, Selection } from "./types.ts";

/** Kept between runs. */
export const FOLDER: string = process.env["DECANT_ORACLE_DIR"] ?? join(homedir(), ".cache/decant-audit-oracle");

const made = new Map<Kind, readonly string[]>();

/** The directories below the own one of a program of this kind, the topmost first. */
export function layersOf(kind: Kind, packages: Selection["packages"]): readonly string[] {
  const existing = made.get(kind);
  if (existing !== undefined) return existing;
  const layers =
    kind === "node"
      ? [npmLayer(packages.node), baseLayer("nodejs24-debian13", [])]
      : [baseLayer(kind === "python" ? "python3-debian13" : "java21-debian13", packages[kind])];
  made.set(kind, layers);
  return layers;
}

function kept(name: string, make: (folder: string) => void): string {
  const folder = join(FOLDER, name);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  console.log(`making ${folder}`);
  make(part);
  renameSync(part, folder);
  return folder;
}

function digestOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 12);
}

function baseLayer(base: string, packages: readonly string[]): string {
  return kept(`${base}-${digestOf(packages)}`, (folder) => {
    const recipe = `${folder}.yaml`;
    writeFileSync(recipe, `name: oracle\nextends: ${base}\npackages: ${JSON.stringify(packages)}\n`);
    must("env", `DECANT_ROOT=${join(FOLDER, "store")}`, DECANT, "base", "build", recipe, "-q", "-o", folder);
  });
}

function npmLayer(packages: readonly string[]): string {
  return kept(`npm-${digestOf(packages)}`, (folder) => {
    const app = join(folder, "app");
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "oracle", private: true }));
    must("npm", "install", "--prefix", app, "--ignore-scripts", "--legacy-peer-deps", "--omit=dev", "--no-audit", ...packages);
    must("chmod", "-R", "a+rX", folder);
  });
}
