/** How attributes of docker's client become options of a build. They are the flags of `decant build`, so the command line gives its own readers. */
import type { DockerfileCheck, DockerfileOutline, DockerfileTargets } from "../../api/index.ts";
import type { BuildOptions } from "../../build/index.ts";

type ListOf<Name extends "outputs" | "cacheFrom" | "cacheTo" | "allow" | "ulimits" | "addHosts"> = NonNullable<BuildOptions[Name]>[number];

/** Each takes the text of a flag. All throw `USAGE` and `UNSUPPORTED`. */
export interface OptionReaders {
  readonly output: (text: string, tags: readonly string[]) => ListOf<"outputs">;
  readonly cacheSource: (text: string) => ListOf<"cacheFrom">;
  readonly cacheTarget: (text: string) => ListOf<"cacheTo">;
  readonly attestations: (flags: {
    readonly sbom?: string;
    readonly provenance?: string;
    readonly attest: readonly string[];
  }) => Pick<BuildOptions, "sbom" | "provenance">;
  readonly entitlement: (text: string) => ListOf<"allow">;
  readonly ulimit: (text: string) => ListOf<"ulimits">;
  readonly host: (text: string) => ListOf<"addHosts">;
  readonly shmSize: (text: string) => number;
  readonly resources: (entries: readonly string[]) => BuildOptions["resources"];
}

/** What a client is told instead of a build, as text and in BuildKit's JSON. */
export interface Told {
  readonly text: readonly string[];
  readonly json: unknown;
}

/** How answers about a Dockerfile are written. */
export interface AnswerWriters {
  readonly check: (result: DockerfileCheck) => Told;
  readonly outline: (result: DockerfileOutline) => Told;
  readonly targets: (result: DockerfileTargets) => Told;
  readonly describe: () => Told;
}
