/** What is audited, what checks work with, and what they find. Plain data, but for the tree and what reads it. */
import type { ContentsQuery } from "../debian/index.ts";
import type { ContainerConfig, HistoryEntry, Platform } from "../oci/index.ts";
import type { TreePath } from "../paths.ts";
import type { Inventory } from "../sbom/index.ts";
import type { KnownSecret } from "../secrets/index.ts";
import type { SourceRange } from "../source.ts";
import type { Entry, Layer, Tree } from "../tree/index.ts";

/** How bad a finding is. A subject with an error is not complete. */
export type Severity = "error" | "warning" | "note";

/** The four questions that an audit answers. */
export type AuditGroup = "run" | "distroless" | "run-as" | "size";

/** An image, or a directory of the host. */
export interface AuditSubject {
  /** As the user named it. */
  readonly name: string;
  readonly platform: Platform;
  readonly config: ContainerConfig;
  readonly tree: Tree;
  /** Bottom first; empty for a directory of the host. */
  readonly layers: readonly AuditLayer[];
  /** The image's history, for what is in no layer. */
  readonly history: readonly HistoryEntry[];
  /** A root file system without a configuration: nothing says how it will be run. */
  readonly isDirectory?: true;
  /** Files and directories of the host that were passed over; known when all of the tree was looked at. */
  readonly refused?: ReadonlySet<TreePath>;
}

/** A layer and where it came from. */
export interface AuditLayer {
  readonly layer: Layer;
  /** The line of the history, or "" when it has none. */
  readonly createdBy: string;
  /** What follows is known of layers that this build made: "COPY --from=build /app /app", and where that is written. */
  readonly instruction?: string;
  readonly source?: SourceRange;
  /** The stage whose instruction made it. */
  readonly stage?: string;
  /** The stage or image that its files were copied from. */
  readonly copiedFrom?: string;
}

/** One thing that is wrong, or worth to know. */
export interface Finding {
  /** Stable, in kebab case: a heading of docs/audit.md. "elf-missing-library" */
  readonly id: string;
  readonly severity: Severity;
  /** A sentence without a full stop: what is the case. */
  readonly message: string;
  /** An imperative: what to do. */
  readonly remedy: string;
  /** Where, as shown: "/usr/bin/app". */
  readonly path?: string;
  /** The number of the layer that brought it, from 0; filled in from `path` where a check leaves it out. */
  readonly layer?: number;
  /** The instruction that brought it; filled in from `layer` where a check leaves it out. */
  readonly source?: SourceRange;
  /** Plain JSON for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** One exception of a policy. */
export interface Allowance {
  /** The kind of finding; absent: any. */
  readonly id?: string;
  /** A pattern as in .dockerignore, from the image's root; it covers what is below. Absent: anywhere. */
  readonly path?: string;
  /** Why it is right so. Shown in reports. */
  readonly reason: string;
  /** Where it is written. */
  readonly source?: SourceRange;
}

/** What a project wants of its images: the `audit:` part of decant.yaml. */
export interface AuditPolicy {
  /** By id of a finding; "off" leaves it out. */
  readonly findings?: Readonly<Record<string, Severity | "off">>;
  readonly allow?: readonly Allowance[];
  /** Bytes of all files that can be seen, each once. */
  readonly maxSizeBytes?: number;
  /** Who the image must run as: a name or a number, compared with both. */
  readonly user?: string;
}

/** A kind of finding: a row of the table that docs/audit.md is compared with. */
export interface FindingKind {
  readonly id: string;
  readonly group: AuditGroup;
  /** What it is unless the policy says otherwise. A check may give less. */
  readonly severity: Severity;
  /** A few words for lists and SARIF: "A library that a program needs is missing". */
  readonly title: string;
}

/** Looks for some kinds of findings. Reads only; never throws for what a hostile image may hold. */
export interface AuditCheck {
  readonly group: AuditGroup;
  run(subject: AuditSubject, context: AuditContext): Promise<readonly Finding[]>;
}

/** What checks share. */
export interface AuditContext {
  readonly signal?: AbortSignal | undefined;
  readonly files: AuditFiles;
  /** Values that must not be in the image: the secrets given to this build. */
  readonly secrets: readonly KnownSecret[];
  readonly policy: AuditPolicy;
  /** What the image is made of, by its own records; read once. */
  readonly inventory: () => Promise<Inventory>;
  /** Which Debian packages have a file; absent where no archive may be asked. */
  readonly whoHas?: (queries: readonly ContentsQuery[]) => Promise<ReadonlyMap<ContentsQuery, readonly string[]>>;
}

/** The tree of the subject, walked once for all checks. */
export interface AuditFiles {
  /** Every entry that can be seen, in `compareTreePaths` order, without the root. Hard links are files under each of their names. */
  readonly entries: readonly Entry[];
  /** The number of the layer that an entry is seen from; undefined for directories of the host, and for paths that are not there. */
  layerOf(path: TreePath): number | undefined;
  /** What a path leads to when links are followed, as a process in the image sees it; undefined for nowhere and for circles. */
  resolve(path: TreePath): Entry | undefined;
  /** Up to `length` bytes of a file from `offset` (default 0); fewer at its end. Reads a range, never the whole file. */
  bytes(entry: Entry, length: number, offset?: number): Promise<Uint8Array>;
  /** A whole file, or undefined when it has more than `maxBytes`. */
  read(entry: Entry, maxBytes: number): Promise<Uint8Array | undefined>;
}
