/**
 * Programs in a user namespace of their own, where they are root over the ids that their user has been given. A process with threads, as this one is,
 * cannot enter one: unshare(1) makes it, waits until the ids are mapped from here, and becomes the program, which is the first process of a pid
 * namespace and has mounts of its own. When it ends, whatever ended it, the kernel ends all others there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { bytesOf, collect } from "../bytes.ts";
import { DecantError, errnoOf } from "../errors.ts";
import { idTool, type IdMaps, isRootHere, ownIdMaps, singleId } from "./ids.ts";
import { findSystemTool, runProcess } from "./process.ts";

/** What runs there. */
interface NamespaceOptions {
  readonly argv: readonly string[];
  /** The whole environment. Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: those that this user may have. */
  readonly ids?: IdMaps | undefined;
  /** A channel for messages, as Node's `process.send` uses it. Default false. */
  readonly messages?: boolean;
  /** Where its standard output goes. Default "inherit". */
  readonly stdout?: "inherit" | "pipe";
}

/** A program in its own namespaces. */
export interface NamespaceProcess {
  /** Of the program, as we see it. */
  readonly pid: number;
  /** What it was given: fewer than were asked for where newuidmap refuses them. */
  readonly ids: IdMaps;
  /** With `stdout: "pipe"`. */
  readonly stdout: AsyncIterable<Uint8Array> | undefined;
  /** Settles when it has ended. Never rejects. */
  readonly exit: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Structured data, as `structuredClone` takes it. What it does not get because it has ended is lost. */
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Ends the channel for messages, which its program may take for its end. */
  disconnect(): void;
  kill(): void;
  /** Lets this process end before it, or not. */
  ref(): void;
  unref(): void;
}

/** Says that it is there, waits for its ids, and becomes the program. 4: the talk with us; 5: where errors of the program go. */
const ENTER_SCRIPT = 'echo ready >&4 && read -r go <&4 && [ "$go" = go ] && exec "$@" 2>&5 4>&- 5>&-';
const MAX_SAID_BYTES = 4096;

/**
 * Starts a program in new namespaces for users, mounts and processes. Throws `PRIVILEGE` where this machine allows none, with
 * `details.said` as unshare(1) has it, and `NOT_FOUND` when there is no unshare.
 */
export async function startInUserNamespace(options: NamespaceOptions): Promise<NamespaceProcess> {
  const { env = process.env, ids = ownIdMaps(), messages = false, stdout = "inherit" } = options;
  const unshare = findSystemTool("unshare");
  if (unshare === undefined) {
    throw new DecantError("NOT_FOUND", "Cannot enter a user namespace: there is no unshare on PATH", {
      hint: "apt-get install util-linux",
    });
  }
  const namespaces = ["--user", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "slave"];
  const child = spawn(unshare, [...namespaces, "--", "/bin/sh", "-c", ENTER_SCRIPT, "sh", ...options.argv], {
    env,
    // With a working directory that others may not enter, root of the namespace may enter it still.
    stdio: ["inherit", stdout, "pipe", messages ? "ipc" : "ignore", "pipe", 2],
    serialization: "advanced",
    // Ctrl-C of the terminal is for us, who then end what is there.
    detached: true,
  });
  const exit = ended(child);
  const said = errorsOf(child);
  const talk = child.stdio[4] as Duplex | undefined;
  talk?.on("error", () => {});
  const ready = await firstLine(talk, exit);
  if (!ready || child.pid === undefined) throw await refused(exit, said);
  const lack = await mapIds(child.pid, ids, env);
  if (lack !== undefined) {
    child.kill("SIGKILL");
    await exit;
    if (isSingle(ids))
      throw new DecantError("PRIVILEGE", `Cannot enter a user namespace: ${lack}`, { details: { said: lack, namespace: "user" } });
    // Maps can be written once, so it starts anew with the one id that everybody may have.
    return await startInUserNamespace({ ...options, ids: { ...singleId(process.geteuid?.() ?? 0, process.getegid?.() ?? 0), lack } });
  }
  const [pid = child.pid] = childrenOf(child.pid);
  talk?.end("go\n");
  return {
    pid,
    ids,
    stdout: child.stdout ?? undefined,
    exit,
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => void child.on("message", listener),
    disconnect() {
      if (child.connected) child.disconnect();
    },
    kill: () => void child.kill("SIGKILL"),
    ref() {
      child.ref();
      child.channel?.ref();
    },
    unref() {
      child.unref();
      child.channel?.unref();
      for (const stream of [child.stderr, talk])
        if (stream !== undefined && stream !== null && "unref" in stream) (stream.unref as () => void).call(stream);
    },
  };
}

/** Runs a program there to its end and gives its output. Throws as `startInUserNamespace`, and `SYSCALL` when it fails. */
export async function runInUserNamespace(argv: readonly string[]): Promise<Buffer> {
  const program = await startInUserNamespace({ argv, stdout: "pipe" });
  const output = await collect(program.stdout ?? bytesOf(""), MAX_SAID_BYTES, "the output of a program in a user namespace");
  const { exitCode } = await program.exit;
  if (exitCode !== 0)
    throw new DecantError("SYSCALL", `Cannot run ${argv[0] ?? ""} in a user namespace: exit code ${exitCode}`, {
      details: { errno: "EIO" },
    });
  return output;
}

function ended(child: ChildProcess): NamespaceProcess["exit"] {
  const { promise, resolve } = Promise.withResolvers<Awaited<NamespaceProcess["exit"]>>();
  child.once("error", () => resolve({ exitCode: null, signal: null }));
  child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  return promise;
}

/** The start of what unshare and the shell say. */
function errorsOf(child: ChildProcess): () => string {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (said.length < MAX_SAID_BYTES) said += chunk.toString("utf8");
  });
  child.stderr?.on("error", () => {});
  return () => said.trim();
}

async function firstLine(talk: Duplex | undefined, exit: Promise<unknown>): Promise<boolean> {
  if (talk === undefined) return false;
  const data = once(talk, "data").then(
    ([chunk]) => String(chunk).startsWith("ready"),
    () => false,
  );
  return await Promise.race([data, exit.then(() => false)]);
}

async function refused(exit: Promise<unknown>, said: () => string): Promise<DecantError> {
  await exit;
  // What it said may come a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  return new DecantError("PRIVILEGE", `Cannot enter a user namespace: ${said() === "" ? "unshare failed" : said()}`, {
    hint: "decant doctor says what is missing",
    details: { said: said(), namespace: "user" },
  });
}

/** Gives the namespace of a process its ids. Undefined, or why that failed. */
async function mapIds(pid: number, ids: IdMaps, env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  if (isSingle(ids)) {
    // What the kernel asks of who maps its own group without a privilege.
    if (!isRootHere()) writeFileSync(`/proc/${pid}/setgroups`, "deny");
    return writeMaps(pid, ids);
  }
  return isRootHere() ? writeMaps(pid, ids) : await mapByTools(pid, ids, env);
}

function isSingle({ uids }: IdMaps): boolean {
  return uids.length === 1 && uids[0]?.count === 1;
}

/** Undefined, or what was refused. */
function writeMaps(pid: number, { uids, gids }: IdMaps): string | undefined {
  try {
    writeFileSync(`/proc/${pid}/gid_map`, gids.map(lineOf).join("\n"));
    writeFileSync(`/proc/${pid}/uid_map`, uids.map(lineOf).join("\n"));
    return undefined;
  } catch (error) {
    return `the kernel refuses its ids: ${errnoOf(error) ?? String(error)}`;
  }
}

async function mapByTools(
  pid: number,
  { uids, gids }: IdMaps,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const [name, ranges] of [
    ["newuidmap", uids],
    ["newgidmap", gids],
  ] as const) {
    const tool = idTool(name, env);
    if (tool === undefined) return `there is no ${name} (package uidmap)`;
    const words = ranges.flatMap(({ inside, outside, count }) => [inside, outside, count].map(String));
    const { exitCode, stderr } = await runProcess({ argv: [tool, String(pid), ...words] });
    if (exitCode !== 0) return stderr.toString("utf8").trim();
  }
  return undefined;
}

function lineOf({ inside, outside, count }: IdMaps["uids"][number]): string {
  return `${inside} ${outside} ${count}`;
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((thread) =>
    readFileSync(`${tasks}/${thread}/children`, "latin1")
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
}
