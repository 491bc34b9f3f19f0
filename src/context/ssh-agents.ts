/** SSH agents that the caller lends: the socket of one, or private keys, which stay in the memory of this process. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type EngineContext, readSshKey, type SshAgent, type SshKey } from "../engine/index.ts";
import { type DecantError, errnoOf, usageError } from "../errors.ts";
import { readNamedFileSync } from "../sys/index.ts";
import type { Surroundings } from "./secrets.ts";
import type { SshSpec } from "./types.ts";

/** As BuildKit has it. */
const MAX_KEY_BYTES = 100 * 1024;

/** The agents by id; the last of equal ids counts. Throws `USAGE` for sockets and keys that cannot be used. */
export function openAgents(specs: readonly SshSpec[], { cwd, env }: Surroundings): EngineContext["sshAgent"] {
  const byId = new Map(specs.map((spec) => [spec.id, agentOf(spec, { cwd, env })]));
  return (id) => byId.get(id);
}

function agentOf({ id, paths = [] }: SshSpec, { cwd, env }: Surroundings): SshAgent {
  const given = paths.length === 0 || (paths.length === 1 && paths[0] === "") ? [env["SSH_AUTH_SOCK"] ?? ""] : paths;
  if (given[0] === "")
    throw usageError(
      `Cannot forward SSH agent "${id}": SSH_AUTH_SOCK is not set`,
      `Start an agent: eval "$(ssh-agent)" && ssh-add; or give a key: --ssh ${id}=FILE`,
    );
  const keys: SshKey[] = [];
  let socket: string | undefined;
  for (const path of given.map((each) => resolve(cwd, each))) {
    if (isSocket(id, path)) socket = path;
    else keys.push(keyOf(id, path));
  }
  if (socket === undefined) return { kind: "keys", keys };
  if (given.length > 1)
    throw usageError(`Cannot forward SSH agent "${id}": "${socket}" is a socket; wanted one socket alone, or files of private keys`);
  return { kind: "socket", path: socket };
}

function isSocket(id: string, path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (error) {
    throw cannotUse(id, path, error);
  }
}

function keyOf(id: string, path: string): SshKey {
  const file = readSshKey(textOf(id, path));
  switch (file.kind) {
    case "key":
      return file.key;
    case "encrypted":
      throw usageError(
        `Cannot use the key "${path}" for --ssh ${id}: it is protected by a passphrase; wanted one without, or an agent that holds it`,
        `Load it into an agent: eval "$(ssh-agent)" && ssh-add ${path}; then pass --ssh ${id}`,
      );
    case "unusable":
      throw usageError(
        `Cannot use the key "${path}" for --ssh ${id}: it ${file.state}`,
        "Give the file of a private key, as ssh-keygen writes it, or the socket of an agent",
      );
    default:
      return file satisfies never;
  }
}

function textOf(id: string, path: string): string {
  const read = readNamedFileSync({ path }, { maxBytes: MAX_KEY_BYTES });
  if ("bytes" in read) return read.bytes.toString("latin1");
  throw usageError(`Cannot use the key "${path}" for --ssh ${id}: ${read.problem}`);
}

function cannotUse(id: string, path: string, error: unknown): DecantError {
  return usageError(`Cannot forward SSH agent "${id}": "${path}" cannot be used (${errnoOf(error) ?? String(error)})`);
}
