/** RUN with --mount, --network and --security as tables: Dockerfile in, mounts of the last ExecOp out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkParsed, parseDockerfile } from "../../dockerfile/index.ts";
import { parseDigest } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import type { ExecOp, Mount } from "../ops.ts";
import { graphDump } from "../testdata/graph-dump.ts";
import { reachable, type Vertex } from "../vertex.ts";
import type { ConvertOptions } from "./context.ts";
import { toGraph } from "./convert.ts";

const AMD64 = { os: "linux", architecture: "amd64" } as const;
const ROOT_MOUNT = /^bind \/ /;

async function convert(
  text: string,
  options: Partial<ConvertOptions> = {},
): Promise<{ readonly target: Vertex; readonly images: string[] }> {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  checkParsed(parsed);
  const images: string[] = [];
  const { target } = await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform: AMD64,
    buildPlatform: AMD64,
    noCache: false,
    resolveImage: ({ name }) => {
      images.push(name);
      const rootfs = { type: "layers", diff_ids: [parseDigest(`sha256:${"1".repeat(64)}`)] } as const;
      return Promise.resolve({
        identifier: `docker-image://${name}`,
        config: { ...AMD64, rootfs },
        platform: AMD64,
      });
    },
    ...options,
  });
  assert.ok(target !== undefined);
  return { target, images };
}

function execOf(target: Vertex): ExecOp {
  const { op } = target;
  assert.ok(op.kind === "exec");
  return op;
}

/** "bind /x ro /a of local://context" */
function describeMount(mount: Mount, target: Vertex): string {
  const access = "readonly" in mount && mount.readonly ? "ro" : "rw";
  const input = "input" in mount ? target.inputs[mount.input] : undefined;
  const from = input === undefined ? "nothing" : input.op.kind === "source" ? input.op.identifier : input.op.kind;
  switch (mount.type) {
    case "bind":
      return `bind ${mount.dest} ${access} ${mount.selector} of ${from}`;
    case "cache":
      return `cache ${mount.dest} ${access} ${mount.id} ${mount.sharing} ${mount.selector} of ${from}`;
    case "tmpfs":
      return `tmpfs ${mount.dest} ${access} ${mount.sizeBytes ?? "-"}`;
    case "secret":
    case "ssh":
      return `${mount.type} ${mount.dest} ${mount.id} ${mount.mode.toString(8)} ${mount.uid}:${mount.gid}${mount.optional ? "" : " required"}`;
    default:
      return mount satisfies never;
  }
}

async function mountsOf(text: string, options: Partial<ConvertOptions> = {}): Promise<string[]> {
  const { target } = await convert(text, options);
  return execOf(target)
    .mounts.map((mount) => describeMount(mount, target))
    .filter((line) => !ROOT_MOUNT.test(line));
}

describe("toGraph() converts --mount", () => {
  const rows: readonly {
    readonly name: string;
    readonly run: string;
    readonly want: readonly string[];
    readonly args?: Record<string, string>;
  }[] = [
    { name: "S113: bind of the context, read-only", run: "RUN --mount=target=/x true", want: ["bind /x ro / of local://context"] },
    {
      name: "S113: bind with rw and a source",
      run: "RUN --mount=source=a/b,target=/x/,rw true",
      want: ["bind /x rw /a/b of local://context"],
    },
    {
      name: "S113: a relative target joins WORKDIR",
      run: "WORKDIR /w\nRUN --mount=target=sub true",
      want: ["bind /w/sub ro / of local://context"],
    },
    { name: "S113: no target is WORKDIR", run: "WORKDIR /w\nRUN --mount=rw true", want: ["bind /w rw / of local://context"] },
    { name: "S35: a stage in any case", run: "RUN --mount=from=ONE,source=/f,target=/x true", want: ["bind /x ro /f of exec"] },
    { name: "S36: an index is an image", run: "RUN --mount=from=0,target=/x true", want: ["bind /x ro / of docker-image://0"] },
    { name: "an unknown name is an image", run: "RUN --mount=from=other,target=/x true", want: ["bind /x ro / of docker-image://other"] },
    { name: "scratch is empty", run: "RUN --mount=from=scratch,target=/x true", want: ["bind /x ro / of nothing"] },
    {
      name: "F23: variables in options",
      run: "ARG d=/deep\nARG s=src\nRUN --mount=source=$s,target=${d}/x true",
      want: ["bind /deep/x ro /src of local://context"],
    },
    {
      name: "S114: the id of a cache is its target",
      run: "RUN --mount=type=cache,target=/c/ true",
      want: ["cache /c rw //c shared / of nothing"],
    },
    {
      name: "S114: ids have the build's namespace",
      run: "RUN --mount=type=cache,id=npm,target=/c,sharing=locked true",
      args: { BUILDKIT_CACHE_MOUNT_NS: "ns" },
      want: ["cache /c rw ns/npm locked / of nothing"],
    },
    {
      name: "S114: an owner selects another cache",
      run: "RUN --mount=type=cache,target=/c,uid=5 true",
      want: ["cache /c rw //c shared /cache of file"],
    },
    {
      name: "S114: an owner is ignored with source=",
      run: "RUN --mount=type=cache,from=one,source=/f,target=/c,uid=5,ro true",
      want: ["cache /c ro //c shared /f of exec"],
    },
    { name: "S118: tmpfs", run: "RUN --mount=type=tmpfs,target=/t,size=1m true", want: ["tmpfs /t rw 1048576"] },
    {
      name: "S119: the default place of a secret",
      run: "RUN --mount=type=secret,id=a/b true",
      want: ["secret /run/secrets/b a/b 400 0:0"],
    },
    {
      name: "S119: the id of a secret is the name of its target",
      run: "RUN --mount=type=secret,target=/etc/key,mode=0440,uid=1,gid=2,required true",
      want: ["secret /etc/key key 440 1:2 required"],
    },
    { name: "S119: env= without target= has no file", run: "RUN --mount=type=secret,id=a,env=A true", want: [] },
    { name: "S119: env= and target=", run: "RUN --mount=type=secret,id=a,env=A,target=/a true", want: ["secret /a a 400 0:0"] },
    {
      name: "S120: sockets are counted",
      run: "RUN --mount=type=ssh --mount=type=ssh,id=x,uid=7,required true",
      want: ["ssh /run/buildkit/ssh_agent.0 default 600 0:0", "ssh /run/buildkit/ssh_agent.1 x 600 7:0 required"],
    },
    { name: "S107: a heredoc with #! is a file", run: "RUN <<EOF\n#!/bin/awk -f\nx\nEOF", want: ["bind /dev/pipes ro / of file"] },
  ];
  for (const { name, run, want, args = {} } of rows)
    it(name, async () => assert.deepEqual(await mountsOf(`FROM b AS one\nRUN one\nFROM b\n${run}`, { buildArgs: args }), want));

  it("S40: takes the stages and images of mounts, and no others", async () => {
    const text =
      "FROM a AS one\nRUN x\nFROM unused AS two\nFROM c\nRUN --mount=from=one,target=/x --mount=type=tmpfs,from=two,target=/t true";
    const { target, images } = await convert(text);
    assert.deepEqual(images.toSorted(), ["a", "c"]);
    assert.match(graphDump(target), /exec \["\/bin\/sh","-c","x"\]/);
  });

  it("S107: runs the file of a heredoc by the shell", async () => {
    const { target } = await convert('FROM b\nRUN <<"END"\n#!/bin/x\n$y\nEND');
    assert.deepEqual(execOf(target).meta.args, ["/bin/sh", "-c", "/dev/pipes/END"]);
    const script = reachable(target).flatMap(({ op }) => (op.kind === "file" ? op.actions : []));
    assert.deepEqual(script, [{ kind: "mkfile", path: "/END", mode: 0o755, data: "#!/bin/x\n$y\n" }]);
  });

  it("S120: sets SSH_AUTH_SOCK unless it is set", async () => {
    const env = async (text: string): Promise<string | undefined> =>
      execOf((await convert(text)).target).meta.env.find((line) => line.startsWith("SSH_AUTH_SOCK="));
    assert.equal(await env("FROM b\nRUN --mount=type=ssh,target=/s true"), "SSH_AUTH_SOCK=/s");
    assert.equal(await env("FROM b\nENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh true"), "SSH_AUTH_SOCK=/mine");
  });

  it("keeps --no-cache-filter to its stage", async () => {
    const { target } = await convert("FROM b AS One\nRUN x\nFROM one\nRUN y", { noCacheStages: ["ONE"] });
    const ignored = reachable(target).filter(({ meta }) => meta.ignoreCache);
    assert.deepEqual(
      ignored.map(({ meta }) => meta.name),
      ["[one 2/2] RUN x"],
    );
  });
});

describe("toGraph() refuses", () => {
  const rows: readonly {
    readonly name: string;
    readonly text: string;
    readonly want: RegExp;
    readonly options?: Partial<ConvertOptions>;
  }[] = [
    {
      name: "S38: a mount from a later stage",
      text: "FROM b\nRUN --mount=from=later,target=/x true\nFROM b AS later\nFROM b\nRUN --mount=from=zero,target=/z true\nFROM later",
      want: /^no error$/,
    },
    {
      name: "S38: a mount from a later stage that is needed",
      text: "FROM b AS one\nRUN --mount=from=later,target=/x true\nFROM b AS later\nFROM one",
      want: /SEMANTIC 2: .*stage needs to be defined before current command/,
    },
    { name: "S113: the root as target", text: "FROM b\nRUN --mount=target=/ true", want: /SEMANTIC 2: .*invalid mount target "\/"/ },
    {
      name: "S119: env= without a name",
      text: "FROM b\nRUN --mount=type=secret,id=s,env= true",
      want: /SEMANTIC 2: .*env= names no variable/,
    },
    { name: "S120: ssh with a source", text: "FROM b\nRUN --mount=type=ssh,source=/s true", want: /ssh does not support source/ },
    { name: "F21: --security=insecure", text: "FROM b\nRUN --security=insecure true", want: /security\.insecure is not allowed/ },
    {
      name: "H2: --network=host without leave",
      text: "FROM b\nRUN --network=host true",
      want: /network\.host is not allowed/,
    },
    {
      name: "--network=host where the build has none",
      text: "FROM b\nRUN --network=host true",
      want: /network\.host is not allowed/,
      options: { network: "none" },
    },
  ];
  for (const { name, text, want, options } of rows) {
    it(name, async () => {
      let said = "no error";
      try {
        await convert(text, options);
      } catch (error) {
        if (!isDecantError(error)) throw error;
        said = `${error.code} ${error.source[0]?.start.line ?? "-"}: ${error.message}`;
      }
      assert.match(said, want);
    });
  }

  it("nothing that is allowed", async () => {
    const { target } = await convert("FROM b\nRUN --security=insecure --network=host true", {
      network: "none",
      allow: ["security.insecure", "network.host"],
    });
    assert.deepEqual([execOf(target).security, execOf(target).network], ["insecure", "host"]);
  });
});
