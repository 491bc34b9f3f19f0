/** BuildKit's side: the docker client that bench/peers installs (DOCKER_HOST and DECANT_DOCKER name others), one process a case. */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Outcome, PreparedCase } from "./lab.ts";
import { type NormalImage, normaliseImage } from "./normalise.ts";

const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache", "decant-peers");
const DOCKER_HOST = process.env["DOCKER_HOST"] ?? `unix://${join(PEERS, "docker.sock")}`;
const DOCKER = process.env["DECANT_DOCKER"] ?? join(PEERS, "sid", "usr", "bin", "docker");

/** Builds a case; `more` are variables for the client. A build that fails is an outcome; no daemon is thrown. */
export async function buildWithBuildkit(
  { definition, context, dockerfile, output, normalise, hide }: PreparedCase,
  more: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const { target, buildArgs = {}, labels = {}, platform, epoch } = definition;
  rmSync(output, { recursive: true, force: true });
  const words = ["buildx", "build", "--no-cache", "--progress=plain", "--provenance=false", "--network=host"];
  words.push("--output", `type=oci,dest=${output},tar=false,compression=uncompressed`);
  if (dockerfile !== undefined) words.push("--file", dockerfile);
  if (target !== undefined) words.push("--target", target);
  if (platform !== undefined) words.push("--platform", platform);
  for (const [key, value] of Object.entries(buildArgs)) words.push("--build-arg", `${key}=${value}`);
  for (const [key, value] of Object.entries(labels)) words.push("--label", `${key}=${value}`);
  const env = {
    PATH: process.env["PATH"],
    HOME: homedir(),
    DOCKER_HOST,
    BUILDX_BUILDER: process.env["BUILDX_BUILDER"],
    BUILDX_CONFIG: process.env["BUILDX_CONFIG"],
    ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }),
    ...more,
  };
  const { code, stderr } = await run(DOCKER, [...words, context], env);
  if (code === 0) return { image: withoutTrace(normaliseImage(output, { ...normalise, trusted: true })) };
  const message = /^ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)$/ms.exec(stderr)?.[1];
  if (message === undefined || /Cannot connect to the Docker daemon/.test(stderr)) throw new Error(`${definition.name}: ${stderr}`);
  return { error: hide(message.trim()).replace(/\bref [a-z0-9]+::[a-z0-9]+/, "ref …") };
}

/** buildkitd tells steps the number of their trace. */
function withoutTrace({ tree, ...image }: NormalImage): NormalImage {
  const lines = Object.entries(tree).map(([path, line]) => [path, line.replace(/TRACEPARENT=[0-9a-f-]+/, "TRACEPARENT=…")] as const);
  return { ...image, tree: Object.fromEntries(lines) };
}

function run(file: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly code: number; readonly stderr: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly code: number; readonly stderr: string }>();
  execFile(file, words, { env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }, (error, _stdout, stderr) => {
    if (error === null) resolve({ code: 0, stderr });
    else if (typeof error.code === "number") resolve({ code: error.code, stderr });
    else reject(error);
  });
  return promise;
}
