/** Conversion as tables: Dockerfile in, graph, configuration and history out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkParsed, parseDockerfile } from "../../dockerfile/index.ts";
import { isDecantError } from "../../errors.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { graphDump } from "../testdata/graph-dump.ts";
import type { ConvertOptions } from "./context.ts";
import { type Conversion, toGraph } from "./convert.ts";

const AMD64 = { os: "linux", architecture: "amd64" } as const;
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DIFF_ID = `sha256:${"1".repeat(64)}` as ImageConfig["rootfs"]["diff_ids"][number];

function image(config: ImageConfig["config"] = {}): ImageConfig {
  return {
    ...AMD64,
    config,
    rootfs: { type: "layers", diff_ids: [DIFF_ID] },
    history: [{ created_by: "base", created: "2020-01-01T00:00:00Z" }],
  };
}

interface Asked {
  readonly conversion: Conversion;
  readonly images: readonly string[];
}

async function convert(
  text: string,
  options: Partial<ConvertOptions> & { readonly bases?: Readonly<Record<string, ImageConfig>> } = {},
): Promise<Asked> {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  checkParsed(parsed);
  const images: string[] = [];
  const conversion = await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform: AMD64,
    buildPlatform: AMD64,
    noCache: false,
    resolveImage: ({ name }) => {
      images.push(name);
      return Promise.resolve({ identifier: `docker-image://${name}`, config: options.bases?.[name] ?? image(), platform: AMD64 });
    },
    ...options,
  });
  return { conversion, images };
}

async function historyOf(text: string, options: Parameters<typeof convert>[1] = {}): Promise<string[]> {
  const { conversion } = await convert(text, options);
  return conversion.history
    .filter(({ createdBy }) => createdBy !== "base")
    .map(({ createdBy, emptyLayer }) => `${emptyLayer ? "-" : "+"} ${createdBy}`);
}

async function failure(text: string, options: Parameters<typeof convert>[1] = {}): Promise<string> {
  try {
    await convert(text, options);
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.source[0]?.start.line ?? "-"}: ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("toGraph() writes history as BuildKit", () => {
  const rows: readonly {
    readonly name: string;
    readonly text: string;
    readonly args?: Record<string, string>;
    readonly want: readonly string[];
  }[] = [
    {
      name: "S58: RUN shows declared ARGs",
      text: "FROM b\nARG A=1\nARG B\nRUN true",
      want: ["- ARG A=1", "- ARG B", "+ RUN |2 A=1 B= /bin/sh -c true # buildkit"],
    },
    {
      name: "S59: WORKDIR is a layer without the mark, / is metadata",
      text: "FROM b\nWORKDIR /x\nWORKDIR /",
      want: ["+ WORKDIR /x", "- WORKDIR /"],
    },
    {
      name: "S58: COPY shows chown and chmod",
      text: "FROM b\nCOPY --chown=1:2 --chmod=755 a b /d/",
      want: ["+ COPY --chown=1:2 --chmod=755 a b /d/ # buildkit"],
    },
    {
      name: "L4: COPY shows --parents, before the rest",
      text: "FROM b\nCOPY --link --chown=1 --parents a/b /d/",
      want: ["+ COPY --parents --chown=1 a/b /d/ # buildkit"],
    },
    {
      name: "S58: CMD and ENTRYPOINT are quoted as Go does",
      text: 'FROM b\nCMD ["a", "b\\"c"]\nENTRYPOINT run $X',
      want: ['- CMD ["a" "b\\"c"]', '- ENTRYPOINT ["/bin/sh" "-c" "run $X"]'],
    },
    {
      name: "L4: lists are printed bare, and those of EXPOSE as they are written",
      text: 'FROM b\nEXPOSE 80 53/UDP\nVOLUME ["/a", "/b"]\nSHELL ["/bin/bash", "-c"]',
      want: ["- EXPOSE 53/udp 80/tcp", "- VOLUME [/a /b]", "- SHELL [/bin/bash -c]"],
    },
    {
      name: "L4: HEALTHCHECK prints its fields, with Go's durations",
      text: "FROM b\nHEALTHCHECK --interval=90s --timeout=500ms --retries=3 CMD true",
      want: ["- HEALTHCHECK {Test:[CMD-SHELL true] Interval:1m30s Timeout:500ms StartPeriod:0s StartInterval:0s Retries:3}"],
    },
    {
      name: "S22: pairs of one ENV line see the environment before it",
      text: "FROM b\nENV a=1\nENV a=2 b=$a",
      want: ["- ENV a=1", "- ENV a=2 b=1"],
    },
    {
      name: "S26: --build-arg wins over the default",
      text: "FROM b\nARG A=1\nLABEL x=$A",
      args: { A: "2" },
      want: ["- ARG A=2", "- LABEL x=2"],
    },
    {
      name: "S25: a global ARG is seen after redeclaring",
      text: "ARG V=9\nFROM b\nLABEL a=$V\nARG V\nLABEL b=$V",
      want: ["- LABEL a=", "- ARG V=9", "- LABEL b=9"],
    },
    {
      name: "S107: a heredoc alone is one script",
      text: "FROM b\nRUN <<EOF\necho 1\necho 2\nEOF",
      want: ["+ RUN /bin/sh -c echo 1\necho 2\n # buildkit"],
    },
    {
      name: "S63: relative WORKDIRs are joined and cleaned",
      text: "FROM b\nWORKDIR /a\nWORKDIR b/../c/",
      want: ["+ WORKDIR /a", "+ WORKDIR /a/c"],
    },
  ];
  for (const { name, text, args = {}, want } of rows)
    it(name, async () => assert.deepEqual(await historyOf(text, { buildArgs: args }), want));
});

describe("toGraph() decides the configuration", () => {
  it("S33: writes PATH where the base has none", async () => {
    const { conversion } = await convert("FROM scratch\nLABEL a=b");
    assert.deepEqual(conversion.config, { WorkingDir: "/", Env: [PATH], Labels: { a: "b" } });
  });
  it("S47: ENTRYPOINT clears an inherited CMD", async () => {
    const { conversion } = await convert('FROM b\nENTRYPOINT ["x"]', { bases: { b: image({ Cmd: ["old"] }) } });
    assert.deepEqual([conversion.config.Entrypoint, conversion.config.Cmd], [["x"], undefined]);
  });
  it("S47: ENTRYPOINT keeps a CMD of the same stage", async () => {
    const { conversion } = await convert('FROM b\nCMD ["y"]\nENTRYPOINT ["x"]');
    assert.deepEqual([conversion.config.Entrypoint, conversion.config.Cmd], [["x"], ["y"]]);
  });
  it("S46: drops OnBuild of the base and runs it", async () => {
    const { conversion } = await convert("FROM b", { bases: { b: image({ OnBuild: ["LABEL from=trigger"] }) } });
    assert.deepEqual([conversion.config.OnBuild, conversion.config.Labels], [undefined, { from: "trigger" }]);
  });
  it("S52: --label wins over LABEL", async () => {
    const { conversion } = await convert("FROM b\nLABEL a=1 b=1", { labels: { a: "2" } });
    assert.deepEqual(conversion.config.Labels, { a: "2", b: "1" });
  });
  it("S27: a later ARG hides ENV from RUN, and the image keeps ENV", async () => {
    const { conversion } = await convert("FROM b\nENV A=1\nARG A=2\nRUN true");
    const op = conversion.target?.op;
    assert.ok(op?.kind === "exec" && op.meta.env.includes("A=2"));
    assert.ok(conversion.config.Env?.includes("A=1"));
  });
  it("S32: proxies reach RUN in both cases and not history", async () => {
    const { conversion } = await convert("FROM b\nRUN true", { buildArgs: { http_proxy: "http://user:secret@proxy" } });
    const op = conversion.target?.op;
    assert.deepEqual(op?.kind === "exec" ? op.meta.proxyEnv : [], [
      "HTTP_PROXY=http://user:secret@proxy",
      "http_proxy=http://user:secret@proxy",
    ]);
    assert.equal(JSON.stringify(conversion.history).includes("secret"), false);
  });
});

describe("toGraph() prunes to the target", () => {
  it("S40: stages that the target does not need are not even resolved", async () => {
    const { images } = await convert("FROM nosuch AS a\nRUN x\nFROM used AS b\nFROM other AS c\nFROM scratch\nCOPY --from=b /x /y");
    assert.deepEqual(images, ["used"]);
  });
  it("S42: --target stops at a stage, in any case", async () => {
    const { conversion } = await convert("FROM b AS one\nLABEL s=1\nFROM b AS two\nLABEL s=2", { target: "ONE" });
    assert.deepEqual(conversion.config.Labels, { s: "1" });
  });
  it("S36: --from takes an index", async () => {
    const { conversion } = await convert("FROM b\nRUN make\nFROM scratch\nCOPY --from=0 /x /y");
    assert.ok(conversion.target !== undefined);
    assert.equal(
      graphDump(conversion.target),
      '0: source docker-image://b <- [] [stage-0 1/2] FROM b\n1: exec ["/bin/sh","-c","make"] <- [0] [stage-0 2/2] RUN make\n2: file copy /x /y <- [1] [stage-1 1/1] COPY --from=0 /x /y',
    );
  });
  it("S86: --link is a copy on its own, merged", async () => {
    const { conversion } = await convert("FROM b\nCOPY --link a /a");
    assert.equal(conversion.target?.op.kind, "merge");
  });
});

describe("toGraph() refuses", () => {
  const rows: readonly { readonly name: string; readonly text: string; readonly target?: string; readonly want: RegExp }[] = [
    { name: "S42: an unknown target", text: "FROM b AS one", target: "on", want: /target stage "on" could not be found/ },
    {
      name: "S38: a forward reference",
      text: "FROM b\nCOPY --from=later / /\nFROM b AS later\nFROM b\nCOPY --from=0 / /",
      want: /SEMANTIC 2: .*needs to be defined before/,
    },
    {
      name: "S23: a variable in --from",
      text: "FROM b\nARG x\nCOPY --from=$x / /",
      want: /SEMANTIC 3: .*variable expansion is not supported for --from/,
    },
    { name: "a NUL byte in a command", text: "FROM b\nRUN echo a\0b > /x", want: /SEMANTIC 2: .*NUL byte/ },
    { name: "a NUL byte in a variable of a step", text: "FROM b\nENV A=a\0b\nRUN true", want: /SEMANTIC 3: .*NUL byte/ },
    { name: "a NUL byte in a source", text: "FROM b\nCOPY a\0b /", want: /SEMANTIC 2: .*"a\\0b": it has a NUL byte/ },
    { name: "a NUL byte in a destination", text: "FROM b\nCOPY a /a\0b", want: /SEMANTIC 2: .*NUL byte/ },
    { name: "a NUL byte in a directory", text: "FROM b\nWORKDIR /a\0b", want: /SEMANTIC 2: .*NUL byte/ },
    {
      name: "a mount at a name too long",
      text: `FROM b\nRUN --mount=target=/${"x".repeat(256)} true`,
      want: /SEMANTIC 2: .*file name too long/,
    },
    { name: "a path too long", text: `FROM b\nWORKDIR ${"/x".repeat(2048)}`, want: /SEMANTIC 2: .*more than 4095 bytes/ },
    {
      name: "S109: a heredoc with #! whose delimiter is no file name",
      text: "FROM b\nRUN <<a/b\n#!/bin/sh\na/b\n",
      want: /SEMANTIC 2: .*heredoc "a\/b"/,
    },
    { name: "S93: a URL in COPY", text: "FROM b\nCOPY https://x/y /", want: /SEMANTIC 2: .*source can't be a URL for COPY/ },
    {
      name: "S93: a checksum of a local file",
      text: "FROM b\nADD --checksum=sha256:00 a /",
      want: /checksum requires HTTP\(S\) or Git sources/,
    },
    { name: "S43: an empty platform", text: "ARG P\nFROM --platform=$P b", want: /SEMANTIC 2: .*empty platform value/ },
    { name: "S86: --link with a user name", text: "FROM b\nCOPY --link --chown=app a /a", want: /invalid user index/ },
    { name: "S75: a bad --chmod", text: "FROM b\nCOPY --chmod=99999 a /a", want: /invalid chmod parameter/ },
    { name: "S55: an empty VOLUME", text: 'FROM b\nVOLUME [""]', want: /can not be an empty string/ },
  ];
  for (const { name, text, target, want } of rows) it(name, async () => assert.match(await failure(text, { target }), want));
});

describe("toGraph() for reports", () => {
  it("tells the instruction, place, stage and source of each layer that it makes, and which other stages were needed", async () => {
    const text = [
      "FROM node AS build",
      "WORKDIR /src",
      "RUN true",
      "FROM other AS unused",
      "FROM scratch",
      "COPY --from=build /src /a",
      "COPY --from=tools /x /b",
      'ADD c /c\nCMD ["x"]',
    ];
    const { conversion } = await convert(text.join("\n"), { bases: { node: image(), tools: image() } });
    const told = conversion.history
      .filter(({ emptyLayer }) => !emptyLayer)
      .map(
        ({ origin }) => `${origin?.source.start.line} ${origin?.stage ?? "-"} ${origin?.copiedFrom ?? "-"}: ${origin?.instruction ?? "-"}`,
      );
    assert.deepEqual(told, [
      "6 stage-2 stage build: COPY --from=build /src /a",
      "7 stage-2 image tools: COPY --from=tools /x /b",
      "8 stage-2 build context: ADD c /c",
    ]);
    assert.deepEqual(
      conversion.stages.map(({ name, vertex }) => `${name} ${vertex?.op.kind}`),
      ["build exec"],
    );
  });

  it("tells of layers of an earlier stage who made them, and nothing of those of a base", async () => {
    const { conversion } = await convert("FROM node AS build\nRUN one\nFROM build\nRUN two", { bases: { node: image() } });
    const told = conversion.history.filter(({ emptyLayer }) => !emptyLayer).map(({ origin }) => `${origin?.stage} ${origin?.instruction}`);
    assert.deepEqual(told, ["undefined undefined", "build RUN one", "stage-1 RUN two"]);
  });
});
