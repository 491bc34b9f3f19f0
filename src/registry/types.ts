/** What the registry room offers: images from and to registries (distribution-spec v1.1). */
import type { ByteStream } from "../bytes.ts";
import type { Digest, Expected } from "../digest.ts";
import type { Emit } from "../events.ts";
import type { Network } from "../net/index.ts";
import type { Descriptor, Reference } from "../oci/index.ts";
import type { CredentialSource } from "./credentials.ts";
import type { RegistriesConfig } from "./registries-conf.ts";

/** A repository, without tag or digest; every `Reference` is one. */
export type RepositoryName = Pick<Reference, "registry" | "repository"> & Pick<Partial<Reference>, "tag" | "digest">;

/** A repository at an address. */
export interface Endpoint {
  /** The name for credentials and messages: "docker.io". */
  readonly registry: string;
  /** What is connected to: "registry-1.docker.io". */
  readonly host: string;
  readonly repository: string;
  /** Plain HTTP and unverifiable certificates are allowed. */
  readonly insecure: boolean;
  readonly mirror: boolean;
  /** The registry that a mirror of hosts.toml stands for: containerd's mirrors want to know ("?ns="). */
  readonly standsFor?: string;
  /** Why it must not be asked. */
  readonly refused?: string;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of calls that move a blob. */
export interface TransferOptions extends CallOptions {
  /** Told the bytes moved so far, cumulative. Starts again from 0 when an upload has to start again. */
  readonly onProgress?: ((currentBytes: number) => void) | undefined;
}

/** Options of reading a blob. */
export interface BlobOptions extends TransferOptions {
  /** The first bytes of the blob, of a transfer that broke off: they are given first, and only the rest is asked for. Checked with the rest. */
  readonly kept?: { readonly sizeBytes: number; readonly open: () => ByteStream } | undefined;
}

/** A blob that may be elsewhere, too. */
export interface ForeignBlob extends Expected {
  readonly urls?: readonly string[] | undefined;
}

/** What a name means now. */
export interface Resolved {
  readonly descriptor: Descriptor;
  /** The manifest, verified, when it had to be read to learn its digest. */
  readonly bytes?: Buffer;
}

/** A manifest, an index or any other document stored as a manifest; its bytes have the descriptor's digest. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/**
 * Reading. Mirrors of registries.conf are asked first, in order. All calls may be repeated and run at once.
 * They throw `REGISTRY_UNREACHABLE`, `REGISTRY_AUTH`, `REGISTRY_DENIED`, `REGISTRY_RATE_LIMIT`, and `REGISTRY` for everything else.
 */
interface ImageSource {
  /** Digest, media type and size of what the reference names. Throws `IMAGE_NOT_FOUND`. */
  resolve(reference: Reference, options?: CallOptions): Promise<Resolved>;
  /** Reads what the reference names, at most 4 MiB, verified. Throws `IMAGE_NOT_FOUND`, `BLOB_DIGEST`. */
  manifest(reference: Reference, options?: CallOptions): Promise<FetchedManifest>;
  /** How many bytes a blob has, as its registry says; undefined where it does not say. */
  blobSize(repository: RepositoryName, digest: Digest, options?: CallOptions): Promise<number | undefined>;
  /**
   * A blob, verified while it streams: throws `BLOB_SIZE` or `BLOB_DIGEST` at the end, so publish nothing before. A broken connection
   * is resumed where it broke. A mirror whose bytes are wrong is left out; `details.elsewhere` of the error is true when another read may give the right
   * ones. What no registry has is taken from the `urls` of its descriptor. Throws `BLOB_MISSING`.
   */
  blob(repository: RepositoryName, descriptor: ForeignBlob, options?: BlobOptions): ByteStream;
}

/** Writing: to the registry that the name says, never to a mirror. Throws as `ImageSource` does. */
interface ImageSink {
  /** False also where the registry does not say. */
  hasBlob(repository: RepositoryName, digest: Digest, options?: CallOptions): Promise<boolean>;
  /**
   * Makes a blob of another repository of the same registry visible in `target`, without moving it. False when the registry
   * did not, whatever its reason: then the blob must be pushed.
   */
  mountBlob(target: RepositoryName, fromRepository: string, digest: Digest, options?: CallOptions): Promise<boolean>;
  /**
   * Uploads a blob unless the registry has it. `open` must give the bytes of the blob from `startAt` to its end; it is called again after a broken
   * connection, from where the registry stopped, and for each chunk where the blob goes in chunks. The registry checks the digest.
   */
  pushBlob(
    repository: RepositoryName,
    descriptor: Expected,
    open: (startAt: number) => ByteStream,
    options?: TransferOptions,
  ): Promise<"exists" | "pushed">;
  /**
   * Stores a manifest or index under the reference's tag, or by digest where it has none. Its blobs must be there. Where the document
   * has a subject and the registry no referrers API, the referrers tag of the subject is brought up to date.
   */
  pushManifest(reference: RepositoryName, mediaType: string, bytes: Uint8Array, options?: CallOptions): Promise<Descriptor>;
}

/** A connection to all registries: keeps tokens, connections and what it learnt of mirrors. */
export interface RegistryClient extends ImageSource, ImageSink, Disposable {
  /** Completes a name as a user wrote it: aliases of registries.conf for short names, else docker.io. Throws `REFERENCE`. */
  reference(name: string): Promise<Reference>;
  /** Manifests whose subject is `digest`: signatures, SBOMs. Falls back to the referrers tag. */
  referrers(
    repository: RepositoryName,
    digest: Digest,
    options?: CallOptions & { readonly artifactType?: string },
  ): Promise<readonly Descriptor[]>;
  /** All tags of a repository, in the registry's order. Throws `IMAGE_NOT_FOUND`. */
  tags(repository: RepositoryName, options?: CallOptions): Promise<readonly string[]>;
}

/** Options of `createRegistryClient`. */
export interface RegistryClientOptions {
  /** Default: docker's and podman's files and credential helpers, see `fileCredentials`. */
  readonly credentials?: CredentialSource | undefined;
  /** Default: registries.conf as podman finds it, see `loadRegistriesConfig`. */
  readonly config?: RegistriesConfig | undefined;
  /** Every registry that is written to may speak plain HTTP and have a certificate that is not valid. Default: those that `config` calls insecure. */
  readonly insecure?: boolean | undefined;
  /** Takes warnings, e.g. of a mirror that failed. */
  readonly emit?: Emit | undefined;
  /** What requests go by, borrowed. Default: one of its own, with the `env`, `homeDir` and `systemDir` of here. */
  readonly network?: Network | undefined;
  /** Default `process.env`. Used for DOCKER_CONFIG, REGISTRY_AUTH_FILE, CONTAINERS_REGISTRIES_CONF and XDG_*. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the user's home directory. */
  readonly homeDir?: string | undefined;
  /** Where docker/certs.d and containers/ are; default "/etc". */
  readonly systemDir?: string | undefined;
  /** Ends every call of this client. */
  readonly signal?: AbortSignal | undefined;
}
