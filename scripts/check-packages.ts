/**
 * What comes from npm: exact versions, a hash for each package of the lock file, and no install script but those that are named here with their reason.
 * `npm ci --ignore-scripts` works where a Node.js 24 is there already.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Why a package may run a script when it is installed, and what is missing without it. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "@bufbuild/buf": "puts its program in the place of a small one that starts it: nothing is missing",
  esbuild: "the same: nothing is missing",
  koffi: "compiles where no compiled file fits the machine: nothing is missing on Linux with x64 and arm64",
  node: "fetches Node.js of its version for the machine: without it, the machine's own Node.js must be 24.15 or newer",
};

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const ROOT = resolve(import.meta.dirname, "..");
const { lockfileVersion, packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Locked>>;
};
const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as PackageFile;
const problems: string[] = [];

if (lockfileVersion !== 3) problems.push(`package-lock.json has version ${lockfileVersion}; wanted 3`);
for (const [name, version] of Object.entries({ ...own.dependencies, ...own.devDependencies })) {
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    problems.push(`package.json: ${name} has the version "${version}"; wanted an exact one`);
  if (packages[`node_modules/${name}`]?.version !== version)
    problems.push(`package-lock.json has not ${name} ${version}; run: npm install`);
}
const named = new Set<string>();
for (const [path, locked] of Object.entries(packages)) {
  if (path === "") continue;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  if (locked.link === true || (locked.resolved !== undefined && !locked.resolved.startsWith("https://registry.npmjs.org/")))
    problems.push(`${path} does not come from npm's registry`);
  if (locked.integrity?.startsWith("sha512-") !== true && !isForeign(locked)) problems.push(`${path} has no sha512 hash in the lock file`);
  if (locked.hasInstallScript !== true) continue;
  named.add(name);
  if (SCRIPTS[name] === undefined)
    problems.push(`${path} runs a script when it is installed: name it in scripts/check-packages.ts, or leave it out`);
}
for (const name of Object.keys(SCRIPTS))
  if (!named.has(name)) problems.push(`${name} has no install script any more: take it off the list`);

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? `packages: ok (${named.size} with a script)` : `packages: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** A tool for machines that nobody develops Decant on; npm writes no hash of what it has not fetched. */
function isForeign({ optional = false, os, cpu, libc }: Locked): boolean {
  const fits =
    (os ?? ["linux"]).includes("linux") &&
    (cpu ?? ["x64"]).some((one) => one === "x64" || one === "arm64") &&
    (libc ?? ["glibc"]).includes("glibc");
  return optional && !fits;
}
