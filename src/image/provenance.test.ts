import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NEWEST } from "../followed.ts";
import { sha256 } from "../digest.ts";
import { parseDockerfile } from "../dockerfile/index.ts";
import { toGraph, type Vertex } from "../graph/index.ts";
import { buildDefinition } from "./build-definition.ts";
import { provenancePredicate, type ProvenanceFacts } from "./provenance.ts";

const platform = { os: "linux", architecture: "arm64", variant: "v8" };
const facts: ProvenanceFacts = {
  mode: "min",
  builderId: "https://ci.example/1",
  builderPlatform: "linux/amd64",
  invocationId: "abc",
  startedOn: "2026-01-01T00:00:00.000Z",
  finishedOn: "2026-01-01T00:00:01.000Z",
  materials: [{ uri: "pkg:docker/debian@13?platform=linux%2Famd64", digest: { sha256: "12" } }],
  file: { path: "Dockerfile", bytes: Buffer.from("FROM x\n") },
  request: {
    args: { target: "app", "build-arg:B": "private", "build-arg:A": "private too" },
    secrets: [{ id: "token", optional: true }],
    ssh: [{ id: "default", optional: false }],
    locals: ["context", "dockerfile"],
  },
  complete: false,
  hermetic: false,
  reproducible: false,
  followed: NEWEST,
  layers: {},
};
const definition = { steps: [{ id: "step0" }], digestMapping: { "sha256:1": "step0" }, locations: { step0: {} } };

describe("provenancePredicate()", () => {
  it("L6: writes v1 as BuildKit defines it, with mode=min nothing that may be private", () => {
    assert.deepEqual(provenancePredicate("v1", { ...facts, definition }), {
      buildDefinition: {
        buildType: "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
        externalParameters: {
          configSource: { path: "Dockerfile" },
          request: {
            frontend: "dockerfile.v0",
            args: { target: "app" },
            locals: [{ name: "context" }, { name: "dockerfile" }],
            compatibilityVersion: 30,
          },
        },
        internalParameters: { builderPlatform: "linux/amd64", dockerfileVersion: "1.29.0" },
        resolvedDependencies: facts.materials,
      },
      runDetails: {
        builder: { id: "https://ci.example/1" },
        metadata: {
          invocationId: "abc",
          startedOn: "2026-01-01T00:00:00.000Z",
          finishedOn: "2026-01-01T00:00:01.000Z",
          buildkit_metadata: {},
          buildkit_completeness: { request: false, resolvedDependencies: false },
        },
      },
    });
  });

  it("tells with mode=max what was asked, the graph and the Dockerfile", () => {
    const predicate = JSON.parse(JSON.stringify(provenancePredicate("v1", { ...facts, mode: "max", definition })));
    assert.deepEqual(predicate.buildDefinition.externalParameters.request, {
      frontend: "dockerfile.v0",
      args: { "build-arg:A": "private too", "build-arg:B": "private", target: "app" },
      secrets: [{ id: "token", optional: true }],
      ssh: [{ id: "default" }],
      locals: [{ name: "context" }, { name: "dockerfile" }],
      compatibilityVersion: 30,
    });
    assert.deepEqual(predicate.buildDefinition.internalParameters.buildConfig, {
      llbDefinition: [{ id: "step0" }],
      digestMapping: { "sha256:1": "step0" },
    });
    const { metadata } = predicate.runDetails;
    assert.deepEqual(metadata.buildkit_completeness, { request: true, resolvedDependencies: false });
    assert.deepEqual(metadata.buildkit_metadata.source, {
      locations: { step0: {} },
      infos: [{ filename: "Dockerfile", language: "Dockerfile", data: "RlJPTSB4Cg==" }],
    });
  });

  it("calls a build of remote sources without network complete and hermetic", () => {
    const source = { uri: "https://git.example/x.git#main", digest: { sha1: "ab" } };
    const remote = {
      ...facts,
      source,
      complete: true,
      hermetic: true,
      reproducible: true,
      request: { args: {}, secrets: [], ssh: [], locals: [] },
    };
    const v1 = JSON.parse(JSON.stringify(provenancePredicate("v1", remote)));
    assert.deepEqual(v1.buildDefinition.externalParameters.configSource, { ...source, path: "Dockerfile" });
    const { buildkit_completeness, buildkit_hermetic, buildkit_reproducible } = v1.runDetails.metadata;
    assert.deepEqual(
      [buildkit_completeness, buildkit_hermetic, buildkit_reproducible],
      [{ request: true, resolvedDependencies: true }, true, true],
    );
  });

  // As BuildKit writes it for a local context, with other ids and times.
  it("L6: writes v0.2 with BuildKit's keys", () => {
    const followed = { frontend: "1.19.0", minor: 19, compatibility: 20 } as const;
    const local = { ...facts, followed, materials: [], request: { args: {}, secrets: [], ssh: [], locals: ["context", "dockerfile"] } };
    assert.deepEqual(provenancePredicate("v0.2", local), {
      builder: { id: "https://ci.example/1" },
      buildType: "https://mobyproject.org/buildkit@v1",
      materials: [],
      invocation: {
        configSource: { entryPoint: "Dockerfile" },
        parameters: { frontend: "dockerfile.v0", locals: [{ name: "context" }, { name: "dockerfile" }], compatibilityVersion: 20 },
        environment: { platform: "linux/amd64", dockerfileVersion: "1.19.0" },
      },
      metadata: {
        buildInvocationID: "abc",
        buildStartedOn: "2026-01-01T00:00:00.000Z",
        buildFinishedOn: "2026-01-01T00:00:01.000Z",
        completeness: { parameters: true, environment: true, materials: false },
        reproducible: false,
        "https://mobyproject.org/buildkit@v1#metadata": {},
      },
    });
  });
});

async function graphOf(text: string): Promise<Vertex> {
  const { target } = await toGraph(parseDockerfile(text, { name: "Dockerfile" }), {
    buildArgs: {},
    labels: {},
    platform,
    buildPlatform: platform,
    noCache: false,
    resolveImage: ({ name }) =>
      Promise.resolve({
        identifier: `docker-image://${name}`,
        config: { ...platform, config: {}, rootfs: { type: "layers", diff_ids: [sha256("layer")] }, history: [] },
        platform,
      }),
  });
  assert.ok(target !== undefined);
  return target;
}

describe("buildDefinition()", () => {
  it("leaves the passwords of addresses out", async () => {
    const text = "FROM scratch\nADD https://me:p@ss@files.example/a /\nADD https://me:hunter2@git.example/x.git /x";
    const { steps } = buildDefinition(await graphOf(text));
    assert.doesNotMatch(JSON.stringify(steps), /p@ss|hunter2/);
    assert.match(JSON.stringify(steps), /"https:\/\/files\.example\/a"/);
  });

  it("writes the graph as LLB, each step with its line", async () => {
    const text = [
      "FROM base",
      "RUN --mount=type=secret,id=token,required --mount=type=cache,target=/c,sharing=locked --network=none make",
      "COPY --chown=1:app --exclude=x a /b",
      "COPY <<EOF /d",
      "text",
      "EOF",
    ].join("\n");
    const { steps, locations, digestMapping } = buildDefinition(await graphOf(text));
    const ops = steps.map((step) => JSON.parse(JSON.stringify(step)));
    assert.deepEqual(
      ops.map(({ id, inputs, op }) => `${id} ${Object.keys(op.Op).join()} ${(inputs ?? []).join(" ")}`.trim()),
      [
        "step0 source",
        "step1 exec step0:0",
        "step2 source",
        "step3 file step1:0 step2:0",
        "step4 file",
        "step5 file step3:0 step4:0",
        "step6  step5:0",
      ],
    );
    assert.deepEqual(ops[0].op.platform, { Architecture: "arm64", OS: "linux", Variant: "v8" });
    const { exec } = ops[1].op.Op;
    assert.deepEqual([exec.meta.args.at(-1), exec.network], ["make", 2]);
    assert.deepEqual(
      exec.mounts.map(({ dest, mountType }: { dest: string; mountType?: number }) => `${dest} ${mountType ?? 0}`).toSorted(),
      ["/ 0", "/c 3", "/run/secrets/token 1"],
    );
    const cache = exec.mounts.find(({ dest }: { dest: string }) => dest === "/c");
    assert.equal(cache.cacheOpt.sharing, 2);
    const { copy } = ops[3].op.Op.file.actions[0].Action;
    assert.deepEqual(copy.owner, { user: { User: { byID: 1 } }, group: { User: { byName: { name: "app" } } } });
    assert.deepEqual(copy.exclude_patterns, ["x"]);
    const { mkfile } = ops[4].op.Op.file.actions[0].Action;
    assert.deepEqual([mkfile.path, mkfile.mode, Buffer.from(mkfile.data, "base64").toString()], ["/EOF", 0o644, "text\n"]);
    assert.deepEqual(locations["step1"], { locations: [{ ranges: [{ start: { line: 2 }, end: { line: 2 } }] }] });
    assert.equal(Object.keys(digestMapping).length, 6);
  });
});
