/** --cache-from and --cache-to, as text and as what they mean. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCacheSource, parseCacheTarget } from "./cache-options.ts";

const NOTHING = { compression: undefined, level: undefined, force: undefined };

describe("parseCacheSource()", () => {
  const rows = [
    { text: "reg.example/app:cache", want: { type: "registry", ref: "reg.example/app:cache" } },
    { text: "type=registry,ref=app", want: { type: "registry", ref: "app" } },
    { text: "type=local,src=.cache", want: { type: "local", src: ".cache" } },
    { text: "type=local,src=.cache,tag=main", want: { type: "local", src: ".cache", selector: "main" } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseCacheSource(text), want));
  const refused = [
    { text: "type=registry", want: /it has no ref; wanted type=registry,ref=/ },
    { text: "ref=app", want: /it has no type/ },
    { text: "type=locl,src=a", want: /unexpected type "locl"/ },
    { text: "type=local,dest=a", want: /has no attribute "dest"/ },
    { text: "type=local,src", want: /"src" has no value/ },
    { text: "type=gha", want: /--cache-from type=gha is not supported yet/ },
  ];
  for (const { text, want } of refused) it(`refuses ${text}`, () => assert.throws(() => parseCacheSource(text), { message: want }));
});

describe("parseCacheTarget()", () => {
  const settings = { mode: "min", ignoreError: false, ...NOTHING };
  const rows = [
    { text: "app:cache", want: { type: "registry", ref: "app:cache", ...settings } },
    {
      text: "type=registry,ref=a,mode=max,ignore-error=true,compression=zstd,compression-level=3,image-manifest=true",
      want: { type: "registry", ref: "a", mode: "max", ignoreError: true, compression: "zstd", level: 3, force: undefined },
    },
    { text: "type=local,dest=.c,tag=t", want: { type: "local", dest: ".c", tag: "t", ...settings } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseCacheTarget(text), want));
  const refused = [
    { text: "type=local,dest=a,mode=all", want: /unexpected mode "all"/ },
    { text: "type=local,src=a", want: /has no attribute "src"/ },
    { text: "type=registry,ref=a,compression=estargz", want: /--cache-to with compression=estargz is not supported yet/ },
    { text: "type=registry,ref=a,ignore-error=yes", want: /Cannot use --cache-to with ignore-error=yes: wanted true or false/ },
    { text: "type=registry,ref=a,force-compression=x", want: /Cannot use --cache-to with force-compression=x/ },
    { text: "type=inline,mode=max", want: /unexpected type "inline"/ },
    { text: "type=registry,ref=a,oci-mediatypes=false", want: /oci-mediatypes=false is not supported yet/ },
  ];
  for (const { text, want } of refused) it(`refuses ${text}`, () => assert.throws(() => parseCacheTarget(text), { message: want }));
});
