/**
 * What the page gets: plain JSON in one element of the document. The page imports these types, so this file imports nothing.
 * Texts are as they came from Dockerfiles, logs and images: hostile. The page shows them as text only.
 */

/** Another number when fields change their meaning. */
export const REPORT_FORMAT = "decant.report/1" as const;

/** All of it. */
export interface ReportData {
  readonly format: typeof REPORT_FORMAT;
  /** The version of Decant. */
  readonly version: string;
  /** One, or two that are compared: the older one first. */
  readonly subjects: readonly ReportSubject[];
  /** What differs between the files of two images. */
  readonly fileChanges?: readonly ReportFileChange[];
}

/** A build, an image, or both. */
export interface ReportSubject {
  readonly title: string;
  readonly build?: ReportBuild;
  readonly image?: ReportImage;
  /** More images of the same build: for other targets and platforms. */
  readonly otherImages?: readonly ReportImage[];
  /** Sentences about what is not here, and why. */
  readonly notes: readonly string[];
}

/** A place in a Dockerfile. */
export interface ReportPlace {
  readonly file: string;
  readonly line: number;
}

/** How a build went. Times are milliseconds since the epoch. */
export interface ReportBuild {
  readonly id: string;
  readonly title: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly error?: string;
  /** Processors of the machine; absent where the build ended before it had a plan. */
  readonly cores?: number;
  readonly platforms: readonly string[];
  /** Of the first platform, in the order of the Dockerfile. */
  readonly stages: readonly ReportStage[];
  readonly steps: readonly ReportStep[];
  readonly warnings: readonly ReportWarning[];
  readonly results: readonly { readonly kind: string; readonly name: string; readonly digest?: string; readonly bytes?: number }[];
}

/** One stage. */
export interface ReportStage {
  readonly name: string;
  readonly base: string;
  /** Positions of other stages. */
  readonly needs: readonly number[];
  readonly isNeeded: boolean;
  readonly isTarget: boolean;
  readonly place?: ReportPlace;
}

/** One step. */
export interface ReportStep {
  readonly name: string;
  readonly stage?: string;
  readonly place?: ReportPlace;
  /** Positions of the steps that it waits for. */
  readonly inputs: readonly number[];
  /** "hit": needed no work. "ran": was done. "planned": never started. */
  readonly state: "hit" | "ran" | "failed" | "cancelled" | "planned" | "running";
  /** Of a hit what was reused; of others why there was no hit, where that is known. */
  readonly why?: string;
  readonly plannedAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly transfers: readonly { readonly action: string; readonly id: string; readonly bytes: number }[];
  readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string; readonly places: readonly ReportPlace[] };
  /** All that it wrote. */
  readonly log?: string;
}

/** Something that is allowed and probably not meant. */
interface ReportWarning {
  readonly code: string;
  readonly message: string;
  readonly url?: string;
  readonly place?: ReportPlace;
}

/** What is in an image. */
export interface ReportImage {
  readonly name: string;
  readonly digest?: string;
  readonly platform: string;
  /** What a reader wants to know first: "User", "65532". */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Files that can be seen, and their bytes, each hard-linked file once. */
  readonly fileCount: number;
  readonly bytes: number;
  /** Bottom first; empty for a directory of the host. */
  readonly layers: readonly ReportLayer[];
  readonly files: ReportFiles;
  readonly packages: readonly ReportPackage[];
  /** Records of packages that could not be read. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  readonly duplicates: { readonly wastedBytes: number; readonly largest: readonly ReportDuplicate[] };
  readonly findings: readonly ReportFinding[];
  readonly allowed: readonly { readonly finding: ReportFinding; readonly reason: string }[];
  /** What the build stages held and the image does not; absent where the build did not tell. */
  readonly leftBehind?: ReportLeftBehind;
}

/** One layer. Bytes are of uncompressed files. */
export interface ReportLayer {
  readonly instruction: string;
  readonly stage?: string;
  readonly copiedFrom?: string;
  readonly place?: ReportPlace;
  readonly files: number;
  readonly bytes: number;
  /** Of these, what later layers hide. */
  readonly hiddenBytes: number;
}

/** Files in columns: a file is a position in each of them. A million objects would make a page of a hundred megabytes. */
export interface ReportFiles {
  /** "/usr/bin": directories that have files. */
  readonly directories: readonly string[];
  readonly directory: readonly number[];
  readonly name: readonly string[];
  readonly bytes: readonly number[];
  /** Position of the layer; -1 where there are none. */
  readonly layer: readonly number[];
  /** Position of the package that owns it; -1: none. */
  readonly package: readonly number[];
  /** Positions of files that a later layer hides. */
  readonly hidden: readonly number[];
  /** Positions that stand for several small files of one directory, and how many. */
  readonly several: readonly (readonly [position: number, count: number])[];
}

/** One package. */
export interface ReportPackage {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  readonly licences: readonly string[];
  readonly purl: string;
  readonly summary?: string;
  /** The file that told of it. */
  readonly location: string;
  readonly files: number;
  readonly bytes: number;
}

/** One content that is there several times. */
interface ReportDuplicate {
  /** Of all copies but one. */
  readonly wastedBytes: number;
  readonly copies: number;
  /** Some of them. */
  readonly paths: readonly string[];
}

/** What an audit found. */
export interface ReportFinding {
  readonly id: string;
  readonly severity: "error" | "warning" | "note";
  readonly group: string;
  readonly message: string;
  readonly remedy: string;
  readonly path?: string;
  readonly layer?: number;
  readonly place?: ReportPlace;
}

/** What was left in build stages. */
export interface ReportLeftBehind {
  readonly files: number;
  readonly bytes: number;
  readonly stages: readonly {
    readonly stage: string;
    readonly files: number;
    readonly bytes: number;
    readonly directories: readonly { readonly path: string; readonly files: number; readonly bytes: number }[];
    readonly packageCount: number;
    readonly packages: readonly string[];
    readonly absentLayers: number;
  }[];
}

/** A file that is not the same in two images. */
export interface ReportFileChange {
  readonly path: string;
  readonly change: "added" | "removed" | "changed" | "metadata";
  readonly before?: number;
  readonly after?: number;
}
