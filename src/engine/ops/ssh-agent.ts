/**
 * The user's SSH agent for a step (rule S120): a socket of our own with the owner and mode that the step asks for, which passes every
 * connection on. Knows nothing of the agent's protocol.
 */
import { chmodSync, chownSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket that leads to an agent. */
export interface ForwardedAgent extends AsyncDisposable {
  /** Path of the socket on the host, in a folder that only we can enter. */
  readonly path: string;
}

/** Listens, and forwards to the socket of `agent`. Disposing ends all connections. Throws Node's errors. */
export async function forwardAgent(
  agent: string,
  access: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<ForwardedAgent> {
  await using stack = new AsyncDisposableStack();
  // Paths of sockets are short (108 bytes), so it is not in the store.
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-ssh-")));
  const path = join(folder.path, "agent");
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  };
  // One side may have said all and still be listening.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ path: agent, allowHalfOpen: true });
    keep(client);
    keep(upstream);
    // Either side may go at any time: then the other one has nobody to talk to.
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
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
  chownSync(path, access.uid, access.gid);
  const held = stack.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
