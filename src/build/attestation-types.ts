/** What a build may attach to its image. */

/** An SBOM: SPDX 2.3, made by Decant of the image's own records. */
export interface SbomAttestationOptions {
  /** List the files of each package with their sums. Default true. */
  readonly files?: boolean | undefined;
}

/** SLSA provenance in BuildKit's layout. */
export interface ProvenanceOptions {
  /** "min" (default) leaves out build arguments, labels, the names of secrets, the build graph and the Dockerfile. */
  readonly mode?: "min" | "max" | undefined;
  /** Default "v1". */
  readonly version?: "v1" | "v0.2" | undefined;
  /** Who built: a URI. Default: Decant's package URL. */
  readonly builderId?: string | undefined;
  /** The caller's own claim. Default false. */
  readonly reproducible?: boolean | undefined;
  /** Its name among the files of type=local and tar. Default "provenance.json". */
  readonly filename?: string | undefined;
  /** Only for images, and for archives that are indexes anyway: not as a file of type=local and tar. Default false. */
  readonly inlineOnly?: boolean | undefined;
}

/** Part of the options of a build. */
export interface AttestationOptions {
  /** Attaches an SBOM. Default: none. */
  readonly sbom?: SbomAttestationOptions | undefined;
  /** Attaches provenance. Default: none. */
  readonly provenance?: ProvenanceOptions | undefined;
}
