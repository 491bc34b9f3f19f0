import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseDevice, parseEntitlement, parseHost, parseSecret, parseShmSize, parseSsh, parseUlimit } from "./step-options.ts";

const READERS = {
  secret: parseSecret,
  ssh: parseSsh,
  allow: parseEntitlement,
  device: parseDevice,
  "add-host": parseHost,
  ulimit: parseUlimit,
  "shm-size": parseShmSize,
} as const;

describe("flags for RUN steps", () => {
  const rows: readonly { readonly flag: keyof typeof READERS; readonly text: string; readonly want: unknown }[] = [
    { flag: "secret", text: "id=a,src=.npmrc", want: { id: "a", src: ".npmrc" } },
    { flag: "secret", text: 'ID=a,"source=with,comma"', want: { id: "a", src: "with,comma" } },
    { flag: "secret", text: "id=a", want: { id: "a" } },
    { flag: "secret", text: "id=a,env=A", want: { id: "a", env: "A" } },
    { flag: "secret", text: "type=env,id=a,src=A", want: { id: "a", env: "A" } },
    { flag: "secret", text: "type=env,id=A", want: { id: "A", env: "A" } },
    { flag: "secret", text: "type=file,id=f", want: { id: "f", src: "f" } },
    { flag: "ssh", text: "default", want: { id: "default" } },
    { flag: "ssh", text: "git=/run/agent", want: { id: "git", paths: ["/run/agent"] } },
    { flag: "ssh", text: "a=k1,k2", want: { id: "a", paths: ["k1", "k2"] } },
    { flag: "allow", text: "security.insecure", want: "security.insecure" },
    { flag: "allow", text: "device", want: "device" },
    { flag: "allow", text: "device=a.b/c=d,alias=e", want: "device=a.b/c=d,alias=e" },
    { flag: "device", text: "a.b/c=d", want: { name: "a.b/c=d" } },
    { flag: "device", text: "a.b/c,required", want: { name: "a.b/c", required: true } },
    { flag: "add-host", text: "db:10.0.0.1", want: { host: "db", ip: "10.0.0.1" } },
    { flag: "add-host", text: "db=::1", want: { host: "db", ip: "::1" } },
    { flag: "add-host", text: "db:[fe80::1]", want: { host: "db", ip: "fe80::1" } },
    { flag: "add-host", text: "me:host-gateway", want: { host: "me", ip: "host-gateway" } },
    { flag: "ulimit", text: "nofile=1024:2048", want: { name: "nofile", soft: 1024, hard: 2048 } },
    { flag: "ulimit", text: "nproc=64", want: { name: "nproc", soft: 64, hard: 64 } },
    { flag: "ulimit", text: "memlock=-1", want: { name: "memlock", soft: -1, hard: -1 } },
    { flag: "shm-size", text: "1g", want: 1024 ** 3 },
  ];
  for (const { flag, text, want } of rows) it(`--${flag} ${text}`, () => assert.deepEqual(READERS[flag](text), want));

  const failures: readonly { readonly flag: keyof typeof READERS; readonly text: string; readonly want: RegExp }[] = [
    { flag: "secret", text: "src=x", want: /^USAGE .*it has no id/ },
    { flag: "secret", text: "id=a,file=x", want: /^USAGE .*unexpected key "file"/ },
    { flag: "secret", text: "id=a,type=vault", want: /^USAGE .*unsupported type "vault"/ },
    { flag: "ssh", text: "=x", want: /^USAGE .*it has no id/ },
    { flag: "allow", text: "security.insecur", want: /^USAGE .*Did you mean security\.insecure\?/ },
    { flag: "allow", text: "fs.read=/", want: /^UNSUPPORTED/ },
    { flag: "device", text: ",required", want: /^USAGE .*wanted NAME/ },
    { flag: "device", text: "a.b/c=d,optional", want: /^USAGE .*wanted NAME/ },
    { flag: "add-host", text: "db", want: /^USAGE .*wanted HOST:IP/ },
    { flag: "add-host", text: "db:here", want: /^USAGE .*wanted HOST:IP/ },
    { flag: "ulimit", text: "nofiles=1", want: /^USAGE .*invalid ulimit type "nofiles".*Did you mean nofile\?/ },
    { flag: "ulimit", text: "nofile=2:1", want: /^USAGE .*less than or equal/ },
    { flag: "ulimit", text: "nofile=-1:5", want: /^USAGE .*less than or equal/ },
    { flag: "shm-size", text: "much", want: /^USAGE .*wanted a size/ },
  ];
  for (const { flag, text, want } of failures) {
    it(`refuses --${flag} ${text}`, () => {
      try {
        READERS[flag](text);
        assert.fail("it was taken");
      } catch (error) {
        if (!isDecantError(error)) throw error;
        assert.match(`${error.code} ${error.message} ${error.hint ?? ""}`, want);
      }
    });
  }
});
