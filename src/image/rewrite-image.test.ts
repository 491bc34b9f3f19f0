import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { changedConfig, type ConfigChanges } from "./mutate-config.ts";
import { rebasedConfig } from "./rebase-config.ts";

const CONFIG = {
  User: "app",
  Env: ["PATH=/bin", "DEBUG=1", "MODE=slow"],
  ExposedPorts: { "80/tcp": {}, "53/udp": {} },
  Volumes: { "/data": {} },
  Labels: { a: "1", b: "2" },
  Entrypoint: ["/old"],
  Cmd: ["x"],
  Healthcheck: { Test: ["NONE"] },
};

const rows: readonly (readonly [ConfigChanges, changed: Readonly<Record<string, unknown>>])[] = [
  [{}, {}],
  [{ unsetEnv: ["DEBUG"], env: { MODE: "fast", NEW: "1" } }, { Env: ["PATH=/bin", "MODE=fast", "NEW=1"] }],
  [{ unsetExpose: ["80"] }, { ExposedPorts: { "53/udp": {} } }],
  [{ unsetExpose: ["80/tcp", "53/udp"], expose: ["8080"] }, { ExposedPorts: { "8080/tcp": {} } }],
  [{ unsetVolumes: ["/data"] }, { Volumes: undefined }],
  [{ labels: { b: "3", c: "4" }, unsetLabels: ["a"] }, { Labels: { b: "3", c: "4" } }],
  [
    { entrypoint: ["/new", "x"], cmd: [] },
    { Entrypoint: ["/new", "x"], Cmd: undefined },
  ],
  [
    { user: "", workdir: "/srv", stopSignal: "SIGINT" },
    { User: undefined, WorkingDir: "/srv", StopSignal: "SIGINT" },
  ],
];
for (const [changes, changed] of rows) {
  test(`F5: changedConfig() with ${JSON.stringify(changes)}`, () => {
    const want = Object.fromEntries(Object.entries({ ...CONFIG, ...changed }).filter(([, value]) => value !== undefined));
    assert.deepEqual(changedConfig(CONFIG, changes), want);
  });
}

for (const [changes, message] of [
  [{ unsetEnv: ["DEBG"] }, 'Cannot take variable "DEBG" away: the image has no such variable'],
  [{ unsetVolumes: ["/x/y/z"] }, 'Cannot take volume "/x/y/z" away: the image has no such volume'],
  [{ unsetLabels: ["constructor"] }, 'Cannot take label "constructor" away: the image has no such label'],
  [{ expose: ["http"] }, 'Cannot use port "http": wanted 80, 80/tcp or 80/udp'],
] as const) {
  test(`F5: changedConfig() refuses ${JSON.stringify(changes)}`, () => {
    assert.throws(
      () => changedConfig(CONFIG, changes),
      (error) => isDecantError(error, "USAGE") && error.message === message,
    );
  });
}

test("F5: rebasedConfig() keeps what the app sets, and takes the rest from the new base", () => {
  const before = { Env: ["PATH=/bin", "LANG=C", "OLD=1"], Cmd: ["sh"], Labels: { base: "1", both: "x" }, WorkingDir: "/", User: "a" };
  const app = {
    ...before,
    Env: ["PATH=/app:/bin", "LANG=C", "OLD=1", "APP=1"],
    Entrypoint: ["/app"],
    Labels: { base: "1", both: "y", app: "1" },
  };
  const after = { Env: ["PATH=/usr/bin", "LANG=C.UTF-8"], Cmd: ["bash"], Labels: { base: "2" }, StopSignal: "SIGINT" };
  assert.deepEqual(rebasedConfig(app, before, after), {
    Env: ["LANG=C.UTF-8", "PATH=/app:/bin", "APP=1"],
    Cmd: ["bash"],
    Labels: { base: "2", both: "y", app: "1" },
    StopSignal: "SIGINT",
    Entrypoint: ["/app"],
  });
});
