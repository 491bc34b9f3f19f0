/** Which paths of folders a Dockerfile's steps take: Dockerfile in, paths by folder out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkParsed, parseDockerfile } from "../dockerfile/index.ts";
import { parseDigest } from "../digest.ts";
import { toGraph } from "../graph/index.ts";
import { pathsFromFolders } from "./lent-files.ts";

const AMD64 = { os: "linux", architecture: "amd64" } as const;

const rows: readonly (readonly [what: string, dockerfile: string, want: Readonly<Record<string, readonly string[] | "all">>])[] = [
  ["nothing", "FROM scratch\nLABEL a=b", {}],
  ["files and folders", "FROM scratch\nCOPY ./b.txt sub/ /\nADD a /", { context: ["a", "b.txt", "sub"] }],
  ["patterns", "FROM scratch\nCOPY *.txt src/**/x? /", { context: ["*.txt", "src/**/x?"] }],
  ["all by a dot", "FROM scratch\nCOPY a.txt /\nCOPY . /", { context: "all" }],
  ["all by a root", "FROM scratch\nCOPY / /", { context: "all" }],
  ["a path that climbs stays inside", "FROM scratch\nCOPY ../../a/../b /", { context: ["b"] }],
  ["a path that climbs to the folder itself", "FROM scratch\nCOPY a/.. /", { context: "all" }],
  ["what the client could read as an exception", "FROM scratch\nCOPY !a /", { context: "all" }],
  ["an escaped character", 'FROM scratch\nCOPY ["a\\\\\\\\[b", "/"]', { context: "all" }],
  ["a blank", 'FROM scratch\nCOPY ["a b", "/"]', { context: "all" }],
  ["parents", "FROM scratch\nCOPY --parents x/./y/*.c z /", { context: ["x/y/*.c", "z"] }],
  ["only the stages that the target needs", "FROM scratch AS other\nCOPY a /\nFROM scratch\nCOPY b /", { context: ["b"] }],
  ["files of the Dockerfile are of no folder", "FROM scratch\nCOPY <<EOF /x\nhello\nEOF", {}],
  ["mounts", "FROM i\nRUN --mount=type=bind,source=conf/a,target=/a true", { context: ["conf/a"] }],
  ["a mount of all", "FROM i\nRUN --mount=type=bind,target=/a true", { context: "all" }],
  ["a mount whose path looks like a pattern", "FROM i\nRUN --mount=type=bind,source=a*,target=/a true", { context: "all" }],
  ["images with triggers", "FROM onbuild\nCOPY a /", { context: ["a", "late"] }],
];

describe("pathsFromFolders()", () => {
  for (const [what, dockerfile, want] of rows) {
    it(`I2: ${what}`, async () => {
      const parsed = parseDockerfile(dockerfile, { name: "Dockerfile" });
      checkParsed(parsed);
      const { target } = await toGraph(parsed, {
        buildArgs: {},
        labels: {},
        platform: AMD64,
        buildPlatform: AMD64,
        noCache: false,
        resolveImage: async ({ name }) => {
          const rootfs = { type: "layers", diff_ids: [parseDigest(`sha256:${"1".repeat(64)}`)] } as const;
          const config = name === "onbuild" ? { config: { OnBuild: ["COPY late /"] } } : {};
          return { identifier: `docker-image://${name}`, config: { ...AMD64, ...config, rootfs }, platform: AMD64 };
        },
      });
      const got = [...pathsFromFolders(target === undefined ? [] : [target])].map(([name, paths]) => [name, paths ?? "all"]);
      assert.deepEqual(Object.fromEntries(got), want);
    });
  }
});
