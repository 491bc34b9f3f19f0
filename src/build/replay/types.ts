/** Options and result of `replayImage`. */
import type { Digest } from "../../digest.ts";
import type { SecretSpec, SshSpec, StoreOptions } from "../../context/index.ts";
import type { SandboxResources } from "../../engine/index.ts";
import type { Entitlement } from "../../graph/index.ts";
import type { ExportResult, OutputSpec } from "../../image/index.ts";

/** What a build needs that its provenance cannot have. */
export interface ReplayOptions extends StoreOptions {
  /** An image with its provenance: of the store, else of a registry; "docker://NAME", "store:NAME", "oci:PATH[:TAG]". */
  readonly image: string;
  /** The folder of the build context, where it was one. What the build read of it must be the same. */
  readonly context?: string | undefined;
  /** Named contexts that were folders, or layouts ("oci-layout://PATH"). */
  readonly buildContexts?: Readonly<Record<string, string>> | undefined;
  /** The Dockerfile, where it is not at its place in the context. */
  readonly file?: string | undefined;
  /** Those that provenance leaves out, with mode=min or as secrets. They win over those that it has. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly secrets?: readonly SecretSpec[] | undefined;
  readonly ssh?: readonly SshSpec[] | undefined;
  /** What steps may ask for: provenance allows nothing. */
  readonly allow?: readonly Entitlement[] | undefined;
  /** E.g. "linux/arm64". Default: the host's. */
  readonly platform?: string | undefined;
  /** Names for the image that was built once more. Default: it is not kept. */
  readonly tags?: readonly string[] | undefined;
  /** Where it goes besides. */
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** For outputs with dest "-". */
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  readonly resources?: SandboxResources | undefined;
  /** Folder that relative paths start from. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Where two images differ first. */
export interface ReplayDifference {
  /** "byte 17 is 0x41 in the image and 0x42 in the replay", with its path, layer and instruction. */
  readonly what: string;
  /** The usual cause and its cure, where the files differ. */
  readonly why?: string;
  readonly cure?: string;
}

/** What a replay found. */
export interface ReplayResult {
  readonly image: string;
  readonly platform: string;
  /** Of the image's manifest. */
  readonly digest: Digest;
  /** Of the manifest of what was built once more. */
  readonly replayed: Digest;
  readonly same: boolean;
  /** Absent where the digests are the same. */
  readonly difference?: ReplayDifference;
  readonly outputs: readonly ExportResult[];
}
