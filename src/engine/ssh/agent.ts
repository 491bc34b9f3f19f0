/**
 * Who answers the requests of SSH agents (draft-ietf-sshm-ssh-agent): keys of our own, or an agent of the user's. Either way a step may list
 * keys and have something signed, and nothing else: it cannot add, remove or lock keys.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { SshKey } from "./key.ts";
import { frames, wireReader, wireString, wireUint32 } from "./wire.ts";

/** Where answers come from. */
export type SshAgent =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "keys"; readonly keys: readonly SshKey[] }
  /** One that a client lends: each conversation is a stream of its own. */
  | { readonly kind: "lent"; readonly open: () => Duplex };

/** One conversation. */
interface AgentSession extends Disposable {
  /** The answer to a request, both without their length. Rejects when the agent is gone. */
  answer(request: Buffer): Promise<Buffer>;
}

/** Longer messages are not worth waiting for; OpenSSH's limit. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

const FAILURE = Buffer.of(5);
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Begins a conversation. Throws Node's errors where the user's agent cannot be reached. */
export async function talkTo(agent: SshAgent): Promise<AgentSession> {
  const session = agent.kind === "keys" ? ofKeys(agent.keys) : ofStream(agent.kind === "lent" ? agent.open() : await socketAt(agent.path));
  return {
    answer: async (request) => (request[0] === REQUEST_IDENTITIES || request[0] === SIGN_REQUEST ? await session.answer(request) : FAILURE),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

function ofKeys(keys: readonly SshKey[]): AgentSession {
  return { answer: (request) => Promise.resolve(answerWith(keys, request)), [Symbol.dispose]: () => undefined };
}

function answerWith(keys: readonly SshKey[], request: Buffer): Buffer {
  if (request[0] === REQUEST_IDENTITIES) {
    // Comments are often the path of the file, which is nobody's business.
    const list = keys.flatMap(({ blob }) => [wireString(blob), wireString("")]);
    return Buffer.concat([Buffer.of(IDENTITIES_ANSWER), wireUint32(keys.length), ...list]);
  }
  const fields = wireReader(request.subarray(1));
  const [blob, data, flags] = [fields.string(), fields.string(), fields.uint32()];
  const key = keys.find((each) => each.blob.equals(blob));
  if (!fields.isWhole || key === undefined) return FAILURE;
  try {
    return Buffer.concat([Buffer.of(SIGN_RESPONSE), wireString(key.sign(data, flags))]);
  } catch {
    // Numbers of a key that do not fit together show only now.
    return FAILURE;
  }
}

async function socketAt(path: string): Promise<Duplex> {
  const socket = connect(path);
  await once(socket, "connect");
  return socket;
}

function ofStream(socket: Duplex): AgentSession {
  // What goes wrong later shows as an end of the answers.
  socket.on("error", () => undefined);
  const answers = frames(socket, MAX_MESSAGE_BYTES);
  return {
    async answer(request) {
      socket.write(wireString(request));
      const next = await answers.next();
      if (next.done === true) throw new Error("the SSH agent has ended the conversation");
      return next.value;
    },
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}
