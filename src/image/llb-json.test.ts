/** The graph as convertllb gives it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDockerfile } from "../dockerfile/index.ts";
import { toGraph } from "../graph/index.ts";
import { llbJson } from "./llb-json.ts";

const platform = { os: "linux", architecture: "amd64" } as const;

interface Llb {
  readonly def: Readonly<Record<string, { readonly inputs?: readonly { readonly digest: string }[] }>>;
  readonly metadata: Readonly<Record<string, { readonly description: Readonly<Record<string, string>> }>>;
  readonly source: { readonly locations: object; readonly infos: readonly { readonly filename: string; readonly data: string }[] };
}

async function llbOf(text: string): Promise<Llb> {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  const { target } = await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform,
    buildPlatform: platform,
    noCache: false,
    resolveImage: () => Promise.reject(new Error("no images")),
  });
  // Our own value, only written as JSON and read again.
  return JSON.parse(JSON.stringify(llbJson(target, parsed.file)));
}

describe("llbJson()", () => {
  const rows: readonly { readonly name: string; readonly text: string; readonly want: object }[] = [
    {
      name: "a RUN: numbers of 64 bits are texts, choices have names, zeros are left out",
      text: 'FROM scratch\nRUN --mount=type=cache,target=/c,sharing=locked --mount=type=tmpfs,target=/t,size=1m --network=none --device=v.c/d,required ["/x"]',
      want: {
        exec: {
          meta: { args: ["/x"], env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], cwd: "/" },
          mounts: [
            { input: "-1", dest: "/" },
            { input: "-1", dest: "/c", mountType: "CACHE", output: "-1", cacheOpt: { ID: "//c", sharing: "LOCKED" } },
            { input: "-1", dest: "/t", mountType: "TMPFS", output: "-1", TmpfsOpt: { size: "1048576" } },
          ],
          cdiDevices: [{ name: "v.c/d" }],
          network: "NONE",
        },
      },
    },
    {
      name: "a COPY of bytes, with owners that are zero",
      text: "FROM scratch\nCOPY --chown=0:7 <<a /x\nhi\na\n",
      want: {
        file: {
          actions: [
            {
              input: "-1",
              copy: {
                src: "a",
                dest: "/x",
                owner: { user: { byID: 0 }, group: { byID: 7 } },
                mode: -1,
                createDestPath: true,
                timestamp: "-1",
              },
            },
          ],
        },
      },
    },
  ];
  for (const { name, text, want } of rows) {
    it(`writes ${name}`, async () => {
      const { def } = await llbOf(text);
      const ops = Object.values(def).map(({ inputs: _inputs, ...op }) => op);
      assert.deepEqual(ops.at(-2), { ...want, platform: { OS: "linux", Architecture: "amd64" }, constraints: {} });
    });
  }

  it("links ops by digests, ends in the result, and tells lines and names", async () => {
    const { def, metadata, source } = await llbOf("FROM scratch\nCOPY a /\nWORKDIR /w\n");
    const digests = Object.keys(def);
    assert.deepEqual(
      Object.values(def).map(({ inputs = [] }) => inputs.map(({ digest }) => digests.indexOf(digest))),
      [[], [0], [1], [2]],
    );
    assert.equal(metadata[digests[1] ?? ""]?.description["llb.customname"], "[1/2] COPY a /");
    assert.deepEqual(Object.values(source.locations).at(-1), { locations: [{ ranges: [{ start: { line: 3 }, end: { line: 3 } }] }] });
    assert.match(Buffer.from(source.infos[0]?.data ?? "", "base64").toString(), /^FROM scratch\nCOPY a/);
  });

  it("is empty for an image without layers", async () => assert.deepEqual((await llbOf("FROM scratch\n")).def, {}));
});
