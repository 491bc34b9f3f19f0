/** Steps for other processors: whether this machine has an emulator for each, before the first step runs. */
import { emulationOf } from "../engine/index.ts";
import { DecantError } from "../errors.ts";
import { type Conversion, reachable, type Vertex } from "../graph/index.ts";
import { formatPlatform, hostPlatform } from "../oci/index.ts";

/** Throws `PLATFORM` for the first step that this machine can run neither by itself nor by an emulator. `registry`: where Linux tells of them. */
export async function checkEmulation(conversions: readonly Conversion[], registry?: string): Promise<void> {
  const steps = reachable(...conversions.flatMap(({ target }) => target ?? [])).filter(({ op }) => op.kind === "exec");
  const known = new Set<string>();
  for (const step of steps) {
    const name = formatPlatform(step.platform);
    if (known.has(name)) continue;
    known.add(name);
    if ((await emulationOf(step.platform, registry)) === undefined) throw cannotRun(step);
  }
}

function cannotRun({ platform, meta }: Vertex): DecantError {
  const host = hostPlatform({ arch: process.arch });
  return new DecantError(
    "PLATFORM",
    `Cannot run a step for ${formatPlatform(platform)} on ${formatPlatform(host)}: no emulator is registered`,
    {
      hint: "Install one (apt-get install qemu-user-static binfmt-support), or build in a stage FROM --platform=$BUILDPLATFORM and copy from it",
      source: meta.source === undefined ? undefined : [meta.source],
    },
  );
}
