/** An SSH agent for a step (rule S120), or for git: a socket of our own with the owner and mode that are asked for. */
import { chmodSync, chownSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { isRootHere, makeTemporaryFolder } from "../../sys/index.ts";
import { MAX_MESSAGE_BYTES, type SshAgent, talkTo } from "./agent.ts";
import { frames, wireString } from "./wire.ts";

/** A socket that answers for an agent. */
export interface ServedAgent extends AsyncDisposable {
  /** Path of the socket on the host, in a folder that only we can enter. */
  readonly path: string;
}

/** Listens until it is disposed, which ends all connections and removes the socket. Throws Node's errors. */
export async function serveAgent(
  agent: SshAgent,
  access: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<ServedAgent> {
  await using stack = new AsyncDisposableStack();
  // Paths of sockets are short (108 bytes), so it is not in the store.
  const folder = stack.use(makeTemporaryFolder("ssh"));
  const path = join(folder.path, "agent");
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.on("error", () => undefined);
    client.on("close", () => open.delete(client));
    converse(agent, client).then(
      () => client.end(),
      // The step or the agent has gone away: then there is nobody to tell.
      () => client.destroy(),
    );
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(path, listening.resolve);
  await listening.promise;
  stack.defer(async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of open) socket.destroy();
    await closed.promise;
  });
  chmodSync(path, access.mode);
  // Others cannot give it away; the sandbox then does.
  if (isRootHere()) chownSync(path, access.uid, access.gid);
  const held = stack.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Answers for an agent on one connection, until the other side ends it. Rejects when either has gone away. */
export async function converse(agent: SshAgent, client: Duplex): Promise<void> {
  using session = await talkTo(agent);
  for await (const request of frames(client, MAX_MESSAGE_BYTES)) {
    // Who asks and does not listen must not fill the memory.
    if (!client.write(wireString(await session.answer(request)))) await Promise.race([once(client, "drain"), once(client, "close")]);
  }
}
