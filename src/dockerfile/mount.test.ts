import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseBody, textOf } from "../../test/support/dockerfile-dump.ts";
import { isDecantError } from "../errors.ts";
import { expandWord, type Mount, type MountFlag } from "./index.ts";
import { resolveMount } from "./instructions/mount.ts";

function flagOf(options: string): MountFlag {
  const [run] = parseBody(`RUN --mount=${options} x`);
  assert.ok(run?.kind === "run" && run.mounts[0] !== undefined);
  return run.mounts[0];
}

function resolve(options: string): Omit<Mount, "range"> {
  const env = new Map([["t", "/target"]]);
  const { range: _range, ...mount } = resolveMount(flagOf(options), (value) => expandWord(value, env, { escape: "\\" }).value);
  return mount;
}

describe("resolveMount()", () => {
  const rows: readonly { input: string; want: Omit<Mount, "range"> }[] = [
    { input: "target=/x", want: { type: "bind", target: "/x", readOnly: true, required: false } },
    {
      input: "from=a,src=b,dst=$t,rw",
      want: { type: "bind", from: "a", source: "b", target: "/target", readOnly: false, required: false },
    },
    { input: "TYPE=Cache,Destination=/x", want: { type: "cache", target: "/x", readOnly: false, required: false } },
    {
      input: "type=cache,id=i,target=/x,sharing=LOCKED,mode=0750,uid=1,gid=2,ro=true",
      want: { type: "cache", id: "i", target: "/x", sharing: "locked", mode: 0o750, uid: 1, gid: 2, readOnly: true, required: false },
    },
    {
      input: "type=tmpfs,target=/x,size=1.5m",
      want: { type: "tmpfs", target: "/x", sizeBytes: 1_572_864, readOnly: false, required: false },
    },
    { input: "type=secret,id=i,required,env=E", want: { type: "secret", id: "i", env: "E", readOnly: true, required: true } },
    { input: "type=secret,id=i,env=", want: { type: "secret", id: "i", env: "", readOnly: true, required: false } },
    { input: "type=ssh,required=false", want: { type: "ssh", readOnly: true, required: false } },
    { input: "target=/x,rw=false,source=", want: { type: "bind", target: "/x", readOnly: true, required: false } },
  ];
  for (const { input, want } of rows) it(`S112: ${input}`, () => assert.deepEqual(resolve(input), want));

  const failures: readonly { input: string; want: RegExp; hint?: RegExp | undefined; at?: string }[] = [
    { input: "typ=bind,target=/x", want: /unexpected key 'typ' in 'typ=bind'/, hint: /Did you mean type\?/, at: "typ=bind" },
    { input: "type=cach,target=/x", want: /unsupported mount type "cach"/, hint: /Did you mean cache\?/, at: "type=cach" },
    { input: "type=cache,target=/x,sharing=share", want: /unsupported sharing value "share"/, hint: /Did you mean shared\?/ },
    { input: "target", want: /invalid field 'target' must be a key=value pair/, hint: /Write target=…/ },
    { input: "target=/x,required", want: /unexpected key 'required' for mount type 'bind'/ },
    { input: "type=bind,size=1", want: /unexpected key 'size' for mount type 'bind'/ },
    { input: "type=tmpfs,size=zz", want: /invalid value for size: zz/ },
    { input: "target=/x,mode=0755", want: /mode not allowed for "bind" type mounts/ },
    { input: "type=cache,mode=9", want: /invalid value 9 for mode/ },
    { input: "type=cache,uid=-1", want: /invalid value -1 for uid/ },
    { input: "ro=maybe", want: /invalid value for ro: maybe/ },
    { input: "type=secret", want: /one of source, target required/ },
    { input: "type=secret,id=a,src=b", want: /both source and id can't be set/ },
    { input: "type=secret,id=a,from=b", want: /secret mount should not have a from/ },
    { input: "target=/x,sharing=shared", want: /invalid cache sharing set for bind mount/ },
  ];
  for (const { input, want, hint, at } of failures) {
    it(`S112: rejects ${input}`, () => {
      assert.throws(
        () => resolve(input),
        (error) => {
          assert.ok(isDecantError(error, "DOCKERFILE_SEMANTIC"));
          assert.match(error.message, want);
          if (hint !== undefined) assert.match(error.hint ?? "", hint);
          if (at !== undefined) assert.equal(error.source[0] && textOf(error.source[0]), at);
          return true;
        },
      );
    });
  }
});
