/** Plans of Dockerfiles for tests: on linux/amd64, with nothing known besides the text. */
import { parseDockerfile, type Plan, planDockerfile, type PlanOptions } from "../../src/dockerfile/index.ts";

/** The platform of these plans. */
export const PLATFORM = { os: "linux", architecture: "amd64" } as const;

/** Plans a text, every stage of it unless told otherwise. */
export function planOf(text: string, options: Partial<PlanOptions> = {}): Plan {
  const everyStage = options.target === undefined;
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  return planDockerfile(parsed, { platform: PLATFORM, buildPlatform: PLATFORM, buildArgs: {}, everyStage, ...options });
}
