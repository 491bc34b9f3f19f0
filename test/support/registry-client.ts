/** A registry client for tests: knows no files of this machine, does not wait between attempts. */
import assert from "node:assert/strict";
import { DecantError, type ErrorCode } from "../../src/errors.ts";
import { createRegistryClient, EMPTY_REGISTRIES, type RegistryClient, type RegistryClientOptions } from "../../src/registry/index.ts";

/** Three attempts, no waits, no credentials, no registries.conf. */
export function fakeClient(options: RegistryClientOptions = {}): RegistryClient {
  return createRegistryClient({
    env: {},
    homeDir: "/nonexistent",
    systemDir: "/nonexistent",
    config: EMPTY_REGISTRIES,
    credentials: async () => undefined,
    retry: { attempts: 3, baseDelayMs: 0 },
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
