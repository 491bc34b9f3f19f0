/** How attributes of docker's client become options of a build. They are the flags of `decant build`, so the command line gives its own readers. */
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
