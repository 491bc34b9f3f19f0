/** A container daemon of this machine, as an output sees it: what it has, and how it gets what it lacks. */
import type { ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";

/** Which daemons `--load` may use: "auto" takes the first that answers, "store" none. */
export type LoadTarget = "auto" | "docker" | "podman" | "containerd" | "store";

/** A layer of an image on its way. */
interface WantedLayer {
  /** Of the blob, as the image's manifest has it. */
  readonly digest: Digest;
  /** Of its uncompressed tar. */
  readonly diffId: Digest;
}

/** An image on its way. */
export interface WantedImage {
  /** By which a daemon may call it: the digest of its index, or else those of its manifest and of its configuration file. */
  readonly ids: readonly Digest[];
  readonly layers: readonly WantedLayer[];
  /** Canonical texts. */
  readonly names: readonly string[];
}

/** An image that the daemon has. */
export interface KnownImage {
  readonly id: string;
  /** Canonical texts. */
  readonly names: readonly string[];
}

/** An archive that a daemon loads: an OCI layout that is a docker archive, too. */
export interface LoadBody {
  readonly sizeBytes: number;
  /** It has more than an image: an index, with what is said of the image. */
  readonly isIndex: boolean;
  /** May be called again. */
  readonly open: () => ByteStream;
}

/** A daemon that answers. */
export interface Daemon extends Disposable {
  readonly kind: "Docker" | "Podman" | "containerd";
  /** "unix:///var/run/docker.sock". */
  readonly address: string;
  /** Does it keep an index, with attestations in it? Others keep images alone. Throws `EXPORT`. */
  holdsAttestations(signal: AbortSignal): Promise<boolean>;
  /** The image, if the daemon has all of it. Throws `EXPORT`. */
  find(image: WantedImage, signal: AbortSignal): Promise<KnownImage | undefined>;
  /** Names an image that it has, besides its other names. Throws `EXPORT`. */
  tag(id: string, name: string, signal: AbortSignal): Promise<void>;
  /**
   * The blobs of layers that it has, most likely: another client may take one away at any time. `layersOf` says what an image that it lists is
   * made of, where the caller knows that.
   */
  layersThere(image: WantedImage, layersOf: (id: Digest) => Promise<readonly Digest[]>, signal: AbortSignal): Promise<ReadonlySet<Digest>>;
  /** Loads an archive. Throws `EXPORT`, also when it lacks a layer that the archive leaves out; loading it whole then repairs what is half there. */
  load(body: LoadBody, signal: AbortSignal): Promise<void>;
}
