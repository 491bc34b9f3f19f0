/** Dockerfiles: the parser, the plan, the checks and the outline. `npm run fuzz:parser` tries long ones besides. */
import { outlineOf, parseDockerfile, planDockerfile, runChecks } from "../../../src/dockerfile/index.ts";
import { DOCKERFILE_PIECES } from "../../support/dockerfile-pieces.ts";
import { textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;

export const DOCKERFILES: Target = {
  name: "dockerfiles",
  generate: (random) => textOf(random, DOCKERFILE_PIECES, 40),
  async check(input) {
    const parsed = parseDockerfile(input, { name: "Dockerfile" });
    const common = { platform: PLATFORM, buildPlatform: PLATFORM };
    await each(
      () => runChecks(planDockerfile(parsed, { ...common, buildArgs: {}, everyStage: true }), { hasShell: () => false }),
      () => runChecks(planDockerfile(parsed, { ...common, buildArgs: { X: "$Y" } }), { purpose: "build" }),
      () => outlineOf(planDockerfile(parsed, { ...common, buildArgs: {} })),
    );
  },
};
