/** What the server says of itself. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { NEWEST } from "../../followed.ts";
import { hostPlatform, type Platform } from "../../oci/index.ts";
import { VERSION } from "../../version.ts";
import type { BuildkitVersionSchema, WorkerRecordSchema } from "../wire/control_pb.ts";
import type { PlatformSchema } from "../wire/llb_pb.ts";

/** The version of BuildKit whose protocol this is: clients compare numbers. */
const PROTOCOL = "v0.32.0";

/** The product, with a version that clients can read. */
export function buildkitVersion(): MessageInitShape<typeof BuildkitVersionSchema> {
  return { package: "decant", version: `${PROTOCOL}+decant-${VERSION}`, revision: VERSION, dockerfileVersion: NEWEST.frontend };
}

/** The one worker: this machine. */
export function workerRecord(id: string): MessageInitShape<typeof WorkerRecordSchema> {
  return {
    id,
    labels: { "org.mobyproject.buildkit.worker.executor": "oci" },
    platforms: [wirePlatform(hostPlatform({ arch: process.arch }))],
    buildkitVersion: buildkitVersion(),
  };
}

function wirePlatform({ architecture, os, variant = "" }: Platform): MessageInitShape<typeof PlatformSchema> {
  return { architecture, os, variant };
}
