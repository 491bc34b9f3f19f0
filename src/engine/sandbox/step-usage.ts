/**
 * What a step used, from what the kernel sums over all children of this process. So a step that ran beside others is not told from them: then nothing
 * is said. Cgroups would tell, and making one costs more than a small step.
 */
import type { StepUsage } from "../../events.ts";
import { type ChildUsage, childUsage } from "../../sys/index.ts";

/** Measures steps. */
interface UsageMeter {
  /** Begins to measure a step. Call the result when its process was waited for; it gives undefined where nobody knows. */
  begin(): () => StepUsage | undefined;
}

/** A meter for the steps of a sandbox. */
export function createUsageMeter(read: () => ChildUsage | undefined = childUsage): UsageMeter {
  let running = 0;
  let begun = 0;
  return {
    begin() {
      const isAlone = running === 0;
      running += 1;
      begun += 1;
      const own = begun;
      const before = read();
      return () => {
        running -= 1;
        if (!isAlone || begun !== own || before === undefined) return undefined;
        return difference(before, read());
      };
    },
  };
}

function difference(before: ChildUsage, after: ChildUsage | undefined): StepUsage | undefined {
  if (after === undefined) return undefined;
  const cpuMs = Math.round(after.cpuMs - before.cpuMs);
  // Processes of a helper are none of ours.
  if (cpuMs <= 0) return undefined;
  return {
    cpuMs,
    // The kernel keeps the most of all children: only a new record is the step's.
    ...(after.maxMemoryBytes > before.maxMemoryBytes ? { memoryBytes: after.maxMemoryBytes } : {}),
    readBytes: after.readBytes - before.readBytes,
    writtenBytes: after.writtenBytes - before.writtenBytes,
  };
}
