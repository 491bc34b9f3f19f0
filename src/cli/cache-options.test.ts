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
    {
      text: "type=s3,region=eu-west-1,bucket=b,name=n,prefix=p/,blobs_prefix=bs/,manifests_prefix=ms/,endpoint_url=http://minio:9000,use_path_style=true,access_key_id=AK,secret_access_key=SK,session_token=ST,touch_refresh=36h,upload_parallelism=8",
      want: {
        type: "s3",
        region: "eu-west-1",
        bucket: "b",
        name: "n",
        prefix: "p/",
        blobsPrefix: "bs/",
        manifestsPrefix: "ms/",
        endpointUrl: "http://minio:9000",
        usePathStyle: true,
        accessKeyId: "AK",
        secretAccessKey: "SK",
        sessionToken: "ST",
        touchRefreshMs: 129_600_000,
        uploadParallelism: 8,
      },
    },
    { text: "type=s3,bucket=b", want: { type: "s3", bucket: "b" } },
    { text: "type=gha", want: { type: "gha" } },
    {
      text: "type=gha,scope=main,url_v2=https://results/,token=T,timeout=90s",
      want: { type: "gha", scope: "main", urlV2: "https://results/", token: "T", timeoutMs: 90_000 },
    },
    { text: "type=local,src=.cache,tag=main", want: { type: "local", src: ".cache", selector: "main" } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseCacheSource(text), want));
  const refused = [
    { text: "type=registry", want: /it has no ref; wanted type=registry,ref=/ },
    { text: "ref=app", want: /it has no type/ },
    { text: "type=locl,src=a", want: /unexpected type "locl"/ },
    { text: "type=local,dest=a", want: /has no attribute "dest"/ },
    { text: "type=local,src", want: /"src" has no value/ },
    { text: "type=azblob,name=a", want: /--cache-from type=azblob is not supported yet/ },
    { text: "type=gha,url=https://a", want: /type=gha with url= is not supported yet/ },
    { text: "type=gha,timeout=soon", want: /with timeout="soon": wanted a number and a unit/ },
    { text: "type=s3,bucket=b,upload_parallelism=0", want: /upload_parallelism=0: wanted a number of 1 to 999/ },
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
    { text: "type=gha,mode=max", want: { type: "gha", ...settings, mode: "max" } },
    { text: "type=s3,bucket=b,ignore-error=true", want: { type: "s3", bucket: "b", ...settings, ignoreError: true } },
    { text: "type=local,dest=.c,tag=t", want: { type: "local", dest: ".c", tag: "t", ...settings } },
  ];
  for (const { text, want } of rows) it(text, () => assert.deepEqual(parseCacheTarget(text), want));
  const refused = [
    { text: "type=local,dest=a,mode=all", want: /unexpected mode "all"/ },
    { text: "type=local,src=a", want: /has no attribute "src"/ },
    { text: "type=registry,ref=a,compression=estargz", want: /--cache-to with compression=estargz is not supported yet/ },
    { text: "type=registry,ref=a,ignore-error=yes", want: /Cannot use --cache-to with ignore-error=yes: wanted true or false/ },
    { text: "type=registry,ref=a,force-compression=x", want: /Cannot use --cache-to with force-compression=x/ },
    { text: "type=inline,mode=max", want: /unexpected "mode=max"; a cache in the image/ },
    { text: "type=registry,ref=a,oci-mediatypes=false", want: /oci-mediatypes=false is not supported yet/ },
    {
      text: "type=local,dest=c,mounts=yes",
      want: 'Cannot use --cache-to with mounts=yes: wanted true, false, or ids of cache mounts with ";" between them',
    },
  ];
  for (const { text, want } of refused) it(`refuses ${text}`, () => assert.throws(() => parseCacheTarget(text), { message: want }));
});

describe("secrets of caches", () => {
  const rows = [
    "type=s3,bucket=b,secret_access_key=hunter22,colour=red",
    "type=s3,bucket=b,session_token=hunter22,access_key_id=hunter22,x=",
    'type=s3,bucket=b,"secret_access_key=hunter22,hunter22",x=1',
    "type=gha,token=hunter22,x=1",
    "type=ghaa,token=hunter22",
    "type=gha,TOKEN=hunter22,mode",
    'type=gha,token=hunter22,scope="',
    "type=gha,mode=none,token=hunter22",
  ];
  for (const text of rows)
    it(`G4: no message shows them: ${text}`, () =>
      assert.throws(
        () => parseCacheTarget(text),
        (error: Error) => !`${error.message}`.includes("hunter22"),
      ));
});
