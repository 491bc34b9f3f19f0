/** The package as its users have it: packed by npm with all that prepack does, and installed into an empty project from an empty cache, without network. */
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type ProcessResult, runProcess } from "../../src/sys/index.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Types that every TypeScript project for Node.js has. */
const TOOLS = ["@types/node", "undici-types"];

/** A project that has the package. */
export interface InstalledPackage extends Disposable {
  /** The folder of the project. */
  readonly folder: string;
  /** Runs a program in it, with only Node.js and the system on PATH. Fails unless it ends with 0. */
  run(...argv: string[]): Promise<string>;
  /** The same; gives whatever comes. */
  attempt(...argv: string[]): Promise<ProcessResult>;
}

/** Packs, and installs. */
export async function installedPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), "decant-package-"));
  const project = join(folder, "project");
  const env = {
    PATH: [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: join(folder, "home"),
    TMPDIR: tmpdir(),
    DECANT_ROOT: join(folder, "store"),
    npm_config_cache: join(folder, "cache"),
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
  };
  mkdirSync(join(project, "node_modules"), { recursive: true });
  const attempt = (argv: readonly string[], cwd: string): Promise<ProcessResult> => runProcess({ argv: [...argv], env, cwd });
  const run = async (argv: readonly string[], cwd: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await attempt(argv, cwd);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")} ends with ${exitCode}:\n${stdout.toString()}${stderr.toString()}`);
    return stdout.toString();
  };
  try {
    await run(["npm", "pack", "--silent", "--pack-destination", folder, ROOT], ROOT);
    // What it depends on, out of node_modules.
    const needed = globSync(["node_modules/{koffi,openpgp,xz-decompress}", "node_modules/@koromix/*"], { cwd: ROOT });
    await run(
      ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, ...needed.map((path) => join(ROOT, path))],
      ROOT,
    );
    const tarballs = globSync(join(folder, "*.tgz")).map((path) => `file:${path}`);
    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs], project);
    for (const tool of TOOLS) {
      mkdirSync(dirname(join(project, "node_modules", tool)), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", tool), join(project, "node_modules", tool));
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    folder: project,
    run: (...argv) => run(argv, project),
    attempt: (...argv) => attempt(argv, project),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
