/** `decant serve` on the store of a round: clients build with it, and it is killed as commands are. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { DECANT } from "../support/command.ts";
import { ending, type Outcome } from "./processes.ts";

/** A running server. */
export interface Server {
  /** "unix:///tmp/…/door" */
  readonly address: string;
  readonly pid: number;
  kill(): void;
  /** Asks it to end, unless it has been killed, and says how it ended. */
  end(): Promise<Outcome>;
}

const ENDS_MS = 60_000;

/** Starts one; resolves when it listens, or has ended. */
export async function startServer(env: Readonly<Record<string, string | undefined>>, door: string): Promise<Server> {
  const started = performance.now();
  const args = ["serve", "--addr", `unix://${door}`];
  const child = spawn(DECANT, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const ended = ending(child);
  while (!text.includes("Serving at") && child.exitCode === null && child.signalCode === null)
    await Promise.race([ended, once(child.stderr, "data")]);
  let wasKilled = false;
  return {
    address: `unix://${door}`,
    pid: child.pid ?? 0,
    kill() {
      wasKilled = child.exitCode === null && child.kill("SIGKILL");
    },
    async end() {
      let hung = false;
      const guard = setTimeout(() => {
        hung = true;
        child.kill("SIGKILL");
      }, ENDS_MS);
      if (!wasKilled) child.kill("SIGTERM");
      const [code, signal] = await ended;
      clearTimeout(guard);
      return {
        kind: "serve",
        args,
        wasKilled: wasKilled && signal === "SIGKILL",
        hung,
        code,
        signal,
        text,
        ms: performance.now() - started,
      };
    },
  };
}
