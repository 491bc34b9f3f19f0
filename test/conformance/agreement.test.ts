/**
 * D: the checks, the outline and the conversion read one plan. For every conformance case they must agree on the target, the stages that it
 * needs, and the environment of each RUN. Images are made up here, so that nothing has to be pulled.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../../src/digest.ts";
import { checkParsed, outlineOf, parseDockerfile, planDockerfile, type PlanOptions, runChecks } from "../../src/dockerfile/index.ts";
import { isDecantError } from "../../src/errors.ts";
import { type Conversion, reachable, toGraph } from "../../src/graph/index.ts";
import type { ImageConfig } from "../../src/oci/index.ts";
import { formatReference, parsePlatform, parseReference } from "../../src/oci/index.ts";
import { PLATFORM } from "../support/plan.ts";
import { TOPICS } from "./cases/index.ts";
import type { Case } from "./types.ts";

/** Names of bases and servers are filled in by the lab. */
function textOf({ dockerfile }: Case): Buffer {
  const text = Buffer.from(dockerfile).toString("latin1");
  return Buffer.from(text.replaceAll("@{server}", "http://localhost").replaceAll(/@\{(\w+)\}/g, "localhost/$1"), "latin1");
}

const IMAGE: ImageConfig = {
  ...PLATFORM,
  config: { Env: ["PATH=/bin", "BASE=1"], WorkingDir: "/base", OnBuild: ["ENV FROM_TRIGGER=1"] },
  rootfs: { type: "layers", diff_ids: [sha256("layer")] },
};

function planOptions({ target, buildArgs = {}, platform }: Case): PlanOptions {
  const wanted = platform === undefined ? PLATFORM : parsePlatform(platform, PLATFORM);
  return { target, buildArgs, platform: wanted, buildPlatform: PLATFORM, image: () => IMAGE };
}

async function convert(definition: Case): Promise<Conversion | { readonly error: unknown }> {
  const parsed = parseDockerfile(textOf(definition), { name: "Dockerfile" });
  try {
    checkParsed(parsed);
    return await toGraph(parsed, {
      ...planOptions(definition),
      labels: {},
      noCache: false,
      allow: ["network.host", "security.insecure"],
      // As the real one, it refuses what is no name of an image.
      resolveImage: async ({ name }) =>
        await Promise.resolve({ identifier: `docker-image://${formatReference(parseReference(name))}`, config: IMAGE, platform: PLATFORM }),
    });
  } catch (error) {
    if (!isDecantError(error) || error.code === "INTERNAL") throw error;
    return { error };
  }
}

/** What each RUN sees, by its line, as the graph has it; without the socket of an agent, which only the graph knows. */
function environments({ target }: Conversion): string[] {
  return (target === undefined ? [] : reachable(target)).flatMap(({ op, meta }) => {
    if (op.kind !== "exec") return [];
    const sockets = new Set(op.mounts.flatMap((mount) => (mount.type === "ssh" ? [`SSH_AUTH_SOCK=${mount.dest}`] : [])));
    return [`${meta.source?.start.line} ${op.meta.env.filter((line) => !sockets.has(line)).join(" ")}`];
  });
}

/** The same as the plan has it. */
function plannedEnvironments({ plan }: Conversion): string[] {
  return plan.stages.flatMap(({ isNeeded, start, steps }) => {
    const env = new Map(start.env);
    return steps.flatMap(({ instruction, sets }) => {
      for (const [name, value] of sets) {
        env.delete(name);
        env.set(name, value);
      }
      const lines = Array.from(env, ([name, value]) => `${name}=${value}`);
      return isNeeded && instruction.kind === "run" ? [`${instruction.range.start.line} ${lines.join(" ")}`] : [];
    });
  });
}

describe("D: checks, outline and conversion agree", () => {
  for (const definition of Object.values(TOPICS).flat())
    it(definition.name, async () => {
      const converted = await convert(definition);
      const parsed = parseDockerfile(textOf(definition), { name: "Dockerfile" });
      const plan = planDockerfile(parsed, planOptions(definition));
      const { errors } = runChecks(plan);
      if ("error" in converted) return;
      assert.deepEqual(errors, []);
      const outline = outlineOf(plan);
      assert.equal(outline.name, converted.plan.target?.stage.name);
      const needed = plan.stages.filter(({ isNeeded }) => isNeeded).map(({ stage }) => stage.name ?? `stage-${stage.index}`);
      const target = plan.target?.stage;
      assert.deepEqual(
        needed.filter((name) => name !== (target?.name ?? `stage-${target?.index}`)),
        converted.stages.map(({ name }) => name),
      );
      assert.deepEqual(environments(converted).toSorted(), plannedEnvironments(converted).toSorted());
    });

  it("on a target that is an index", async () => {
    const definition = { name: "", dockerfile: "FROM busybox\nFROM scratch\n", target: "0" };
    const converted = await convert(definition);
    assert.ok("error" in converted && isDecantError(converted.error, "DOCKERFILE_SEMANTIC"));
    const plan = planDockerfile(parseDockerfile(textOf(definition), { name: "Dockerfile" }), planOptions(definition));
    assert.deepEqual(
      runChecks(plan).errors.map(({ code, message }) => [code, message]),
      [["UnknownTarget", converted.error.message]],
    );
    assert.throws(() => outlineOf(plan), { message: converted.error.message });
  });

  it("on a mount that names an index, and on a named context that replaces a stage", () => {
    const parsed = parseDockerfile(
      "FROM busybox\nARG A\nFROM busybox AS tools\nRUN $no\nFROM scratch\nRUN --mount=from=0 --mount=from=tools x\n",
      {
        name: "Dockerfile",
      },
    );
    const plan = planDockerfile(parsed, { ...planOptions({ name: "", dockerfile: "" }), hasContext: (name) => name === "tools" });
    assert.deepEqual(
      plan.stages.map(({ isNeeded, steps }) => [isNeeded, steps.length]),
      [
        [false, 0],
        [true, 0],
        [true, 1],
      ],
    );
    assert.deepEqual(
      plan.images.map(({ name }) => name),
      ["0", "tools"],
    );
  });
});
