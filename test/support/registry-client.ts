/** A registry client for tests: knows no files of this machine, and waits for nothing (network.ts). */
import assert from "node:assert/strict";
import { DecantError, type ErrorCode } from "../../src/errors.ts";
import type { NetworkOptions } from "../../src/net/network.ts";
import { createRegistryClient, type RegistryClient } from "../../src/registry/index.ts";
import { EMPTY_REGISTRIES } from "../../src/registry/testdata/support.ts";
import { type RegistryClientOptions } from "../../src/registry/types.ts";
import { testNetwork } from "./network.ts";

/** As for a real one, with options for its network. */
export type FakeClientOptions = Omit<RegistryClientOptions, "network"> & { readonly network?: NetworkOptions };

/** No waits, no credentials, no registries.conf. */
export function fakeClient({ network, ...options }: FakeClientOptions = {}): RegistryClient {
  return createRegistryClient({
    env: {},
    homeDir: "/nonexistent",
    systemDir: "/nonexistent",
    config: EMPTY_REGISTRIES,
    credentials: async () => undefined,
    network: testNetwork(network),
    ...options,
  });
}

/** For `assert.rejects`: the error has this code, and a message like this. */
export function failsWith(code: ErrorCode, message: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DecantError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
