/** All targets by name. Each is loaded where it is used: some make bombs first. */
import type { Target } from "../types.ts";

type Load = () => Promise<Target>;

const LOADERS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["tar", async () => (await import("./tar.ts")).TAR],
  ["compressed", async () => (await import("./compressed.ts")).COMPRESSED],
  ["zip", async () => (await import("./zip.ts")).ZIP],
  ["archives", async () => (await import("./archives.ts")).ARCHIVES],
  ["manifests", async () => (await import("./manifests.ts")).MANIFESTS],
  ["registry-answers", async () => (await import("./registry-answers.ts")).REGISTRY],
  ["deb", async () => (await import("./debian.ts")).DEB],
  ["packages", async () => (await import("./debian.ts")).PACKAGES],
  ["release", async () => (await import("./debian.ts")).RELEASES],
  ["elf", async () => (await import("./elf.ts")).ELF],
  ["records", async () => (await import("./records.ts")).RECORDS],
  ["patterns", async () => (await import("./patterns.ts")).PATTERNS],
  ["regexps", async () => (await import("./patterns.ts")).REGEXPS],
  ["settings", async () => (await import("./settings.ts")).SETTINGS],
  ["signatures", async () => (await import("./signatures.ts")).SIGNATURES],
  ["scripts", async () => (await import("./scripts.ts")).SCRIPTS],
  ["graphs", async () => (await import("./buildkit.ts")).GRAPHS],
  ["context-files", async () => (await import("./buildkit.ts")).FILES],
  ["contexts", async () => (await import("./contexts.ts")).CONTEXTS],
  ["git", async () => (await import("./git.ts")).GIT],
  ["calls", async () => (await import("./calls.ts")).CALLS],
  ["dockerfiles", async () => (await import("./dockerfiles.ts")).DOCKERFILES],
]);

/** Their names, in the order in which they are tried. */
export const TARGETS: readonly string[] = [...LOADERS.keys()];

/** Loads one. */
export async function loadTarget(name: string): Promise<Target> {
  const load = LOADERS.get(name);
  if (load === undefined) throw new Error(`there is no target "${name}"; there are ${TARGETS.join(", ")}`);
  return await load();
}
