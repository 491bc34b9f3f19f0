/** Fills the context of packaging/Dockerfile: the npm package, its dependencies for each platform, and the licences of what is bundled. */
import { cpSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VERSION } from "../src/version.ts";
import { ROOT, run } from "./release-support.ts";

/** Names of processors, of OCI and of Node.js. */
const PROCESSORS: Readonly<Record<string, string>> = { amd64: "x64", arm64: "arm64" };

/** The context. */
export interface Stage {
  readonly folder: string;
}

/** `out` gets the npm package. Throws for a platform that Node.js is not published for. */
export function stageRelease(options: {
  readonly out: string;
  readonly folder: string;
  readonly platforms: readonly string[];
  readonly epoch: string;
}): Stage {
  const { out, folder, platforms, epoch } = options;
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, "packaging"), folder, { recursive: true });
  run(["npm", "pack", "--silent", "--pack-destination", out], { cwd: ROOT, env: { ...process.env, SOURCE_DATE_EPOCH: epoch } });
  run(["tar", "-xzf", join(out, `decant-${VERSION}.tgz`), "-C", folder]);
  for (const platform of platforms) dependencies(join(folder, "modules"), platform);
  licences(join(folder, "licences"));
  return { folder };
}

/** As the lock file has them: npm checks their hashes. No script of theirs runs. */
function dependencies(folder: string, platform: string): void {
  const [os = "", architecture = ""] = platform.split("/");
  const cpu = Object.hasOwn(PROCESSORS, architecture) ? PROCESSORS[architecture] : undefined;
  if (os !== "linux" || cpu === undefined) throw new Error(`Cannot release for ${platform}: wanted linux/amd64 or linux/arm64`);
  const place = join(folder, architecture);
  mkdirSync(place, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(ROOT, file), join(place, file));
  const only = ["--omit=dev", "--ignore-scripts", `--os=${os}`, `--cpu=${cpu}`, "--libc=glibc"];
  run(["npm", "ci", ...only, "--no-audit", "--no-fund", "--loglevel=error"], { cwd: place });
}

/** What is bundled is no package any more; its names and licences stay, for SBOMs too. */
function licences(folder: string): void {
  const names = [...readFileSync(join(ROOT, "dist", "LICENSES.txt"), "utf8").matchAll(/^((?:@[\w-]+\/)?[\w-]+) \d+\.\d+\.\d+$/gm)].map(
    ([, name = ""]) => name,
  );
  for (const name of names)
    for (const file of globSync([`node_modules/${name}/package.json`, `node_modules/${name}/LICEN[CS]E*`], { cwd: ROOT })) {
      mkdirSync(join(folder, name), { recursive: true });
      cpSync(join(ROOT, file), join(folder, name, basename(file)));
    }
}
