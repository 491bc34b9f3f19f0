/** A network for tests: it knows no files and proxies of this machine, and its clock stands still but for the waits, which take no time. */
import { createNetwork, type Network } from "../../src/net/index.ts";
import { type Clock } from "../../src/net/retry.ts";
import { type NetworkOptions } from "../../src/net/network.ts";

/** A clock that only waiting moves. */
export interface FakeClock extends Clock {
  /** The waits so far, in milliseconds. */
  readonly waits: number[];
}

/** Makes one; `random` is what chance always says. */
export function fakeClock(random = 0.5): FakeClock {
  const waits: number[] = [];
  let nowMs = 0;
  return {
    waits,
    now: () => nowMs,
    random: () => random,
    async wait(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      nowMs += ms;
    },
  };
}

/** Real sockets, and no waits between attempts. */
export function testNetwork(options: NetworkOptions = {}): Network {
  return createNetwork({ env: {}, homeDir: "/nonexistent", systemDir: "/nonexistent", clock: fakeClock(), ...options });
}
