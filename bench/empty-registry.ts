/** A docker-registry with nothing in it, for rows that push. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Place } from "./rows.ts";

const WAIT_MS = 100;
const ATTEMPTS = 100;

/** Starts one; it ends when disposed, and what it has goes. */
export async function openEmptyRegistry({ folder, emptyRegistry: host }: Place): Promise<AsyncDisposable> {
  const place = join(folder, "empty-registry");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  const config = join(place, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${place}/data}}\nhttp: {addr: "${host}"}\n`,
  );
  const server = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.on("exit", () => resolve()));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if ((await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok === true) break;
    await setTimeout(WAIT_MS);
  }
  return {
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
      rmSync(place, { recursive: true, force: true });
    },
  };
}
