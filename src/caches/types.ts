/** Caches that travel: where a build takes results of other machines from, and where it leaves its own. Options as in BuildKit. */
import type { CompressionOptions } from "../image/index.ts";

/** A bucket of S3, or of a server that speaks its protocol. What is left out, the variables of AWS say: AWS_REGION, AWS_BUCKET, AWS_ACCESS_KEY_ID … */
export interface S3Place {
  readonly type: "s3";
  readonly region?: string | undefined;
  readonly bucket?: string | undefined;
  /** Of the cache; several to write, the first to read: "app;main". Default "decant". */
  readonly name?: string | undefined;
  /** Before all names of objects. */
  readonly prefix?: string | undefined;
  /** Default "blobs/". */
  readonly blobsPrefix?: string | undefined;
  /** Default "manifests/". */
  readonly manifestsPrefix?: string | undefined;
  /** Default: that of AWS for the region. */
  readonly endpointUrl?: string | undefined;
  /** The bucket is part of the path, and not of the host. Default false. */
  readonly usePathStyle?: boolean | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** A blob that is there and so old is made new, in milliseconds. Default 24 hours. */
  readonly touchRefreshMs?: number | undefined;
  /** How many blobs are sent at once. Default 4. */
  readonly uploadParallelism?: number | undefined;
}

/** The cache of GitHub Actions. What is left out, the variables of a workflow say. */
export interface GhaPlace {
  readonly type: "gha";
  /** Default: ACTIONS_RESULTS_URL. */
  readonly urlV2?: string | undefined;
  /** Default: ACTIONS_RUNTIME_TOKEN. */
  readonly token?: string | undefined;
  /** Caches of other scopes are others. Default "decant". */
  readonly scope?: string | undefined;
  /** For each request, in milliseconds. Default 10 minutes. */
  readonly timeoutMs?: number | undefined;
}

/** Where results come from. */
export type CacheSource =
  | { readonly type: "registry"; readonly ref: string }
  | S3Place
  | GhaPlace
  /** A layout directory. `selector`: a tag or digest; default "latest". */
  | { readonly type: "local"; readonly src: string; readonly selector?: string | undefined };

/** Which cache mounts travel. */
export interface MountSettings {
  /** Those of steps that ran: all, or those with these ids. Default false. */
  readonly mounts?: boolean | readonly string[] | undefined;
  /** One whose files have more bytes stays here. Default 1 GiB. */
  readonly mountsMaxBytes?: number | undefined;
}

/** A place for results. */
export type OwnPlace = (
  | { readonly type: "registry"; readonly ref: string }
  | S3Place
  | GhaPlace
  /** A layout directory. Default of `tag`: "latest". */
  | { readonly type: "local"; readonly dest: string; readonly tag?: string | undefined }
) & {
  /** "min" (default): the layers of the result. "max": those of all stages, too. */
  readonly mode?: "min" | "max" | undefined;
  /** A cache that cannot be written is a warning, and no error. Default false. */
  readonly ignoreError?: boolean | undefined;
  /** Layers of eStargz hold more than the files that the records promise. */
  readonly compression?: Exclude<CompressionOptions["compression"], "estargz">;
} & MountSettings &
  Pick<CompressionOptions, "level" | "force">;

/** Where results go: "inline" is the configuration of the image itself, which knows its own layers only. */
export type CacheTarget = OwnPlace | { readonly type: "inline" };
