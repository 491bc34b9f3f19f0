/** Forwarding to an agent that is a server of our own. */
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { forwardAgent } from "./ssh-agent.ts";

const ACCESS = { mode: 0o640, uid: 12, gid: 34 };

/** Sends a line and gives the answer. */
async function ask(path: string, line: string): Promise<string> {
  const socket = connect(path);
  socket.end(line);
  let answer = "";
  try {
    for await (const chunk of socket) answer += String(chunk);
  } catch (error) {
    return String(error);
  }
  return answer;
}

describe("forwardAgent()", () => {
  it("passes bytes on both ways, and has the mode and owner asked for", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-agent-"));
    const agent = join(folder.path, "agent");
    await using server = createServer(
      { allowHalfOpen: true },
      (client) => void client.on("data", (data: Buffer) => client.end(`heard ${String(data)}`)),
    );
    await new Promise<void>((listening) => server.listen(agent, listening));
    let path: string;
    {
      await using forwarded = await forwardAgent(agent, ACCESS);
      ({ path } = forwarded);
      const { mode, uid, gid } = statSync(path);
      assert.deepEqual([mode & 0o777, uid, gid], [0o640, 12, 34]);
      assert.deepEqual(await Promise.all([ask(path, "one"), ask(path, "two")]), ["heard one", "heard two"]);
    }
    assert.equal(existsSync(path), false);
  });

  it("closes connections when the agent is gone, and does not fail", async () => {
    await using forwarded = await forwardAgent("/nonexistent/agent", ACCESS);
    assert.match(await ask(forwarded.path, "x"), /^$|ECONNRESET|EPIPE/);
  });
});
