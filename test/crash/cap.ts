/** Does the cache keep to the policy of its store, whoever was killed? */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storeUsage } from "../../src/index.ts";
import { STORE_CONFIG } from "../../src/project/index.ts";

/** Gives a store a policy: less than two builds of the harness keep. */
export function setCap(root: string, bytes: number): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, STORE_CONFIG), `gc:\n  maxUsedSpace: ${bytes}\n`);
}

/** What no image needs, in bytes: the cache, and what nobody has got to yet. */
export async function cacheBytes(root: string): Promise<number> {
  const { cacheBytes: cached, usedBytes } = await storeUsage({ root, env: {} });
  return cached + usedBytes;
}

/** What is wrong after a command that ran to its end: more is there than the cap, and more than that command itself takes. */
export async function capProblems(
  root: string,
  { capBytes, inFlightBytes }: { readonly capBytes: number; readonly inFlightBytes: number },
): Promise<string[]> {
  const bytes = await cacheBytes(root);
  const most = capBytes + inFlightBytes;
  return bytes <= most ? [] : [`the cache has ${bytes} bytes after a build; its policy and the step in flight allow ${most}`];
}
