/** What a conformance case says: one Dockerfile, its context, and whether it must build. BuildKit's side of it is recorded in expected/. */
import type { ErrorCode } from "../../src/index.ts";
import type { TarMember } from "../support/archive.ts";
import type { TestRepository } from "../support/git-server.ts";

/** One build that must give what BuildKit gives. */
export interface Case {
  /** The rule of the Dockerfile semantics and what is seen of it: "S72: a new destination does not take the mode of the source". */
  readonly name: string;
  /** `@{name}` stands for the base of that name, `@{server}` for the server of `serve`. */
  readonly dockerfile: string | Buffer;
  /** Where the Dockerfile lies in the context. Default: outside of it. */
  readonly file?: string;
  /** Path in the context → what is there. Missing folders are made. */
  readonly files?: Files;
  /** Adds the folder `busybox/`, a root file system to run steps in. */
  readonly busybox?: boolean;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  /** SOURCE_DATE_EPOCH of the builder's environment. */
  readonly epoch?: number;
  /** Images of a registry. */
  readonly bases?: Readonly<Record<string, Base>>;
  /** Git repositories beside each other, made in this order; `@{name}` stands for the address of one. */
  readonly repositories?: Readonly<Record<string, (repository: TestRepository) => void>>;
  /** The context is this git reference, with the Dockerfile in it, and `dockerfile` is not used. */
  readonly context?: string;
  /** Path → what an HTTP server answers. */
  readonly serve?: Readonly<Record<string, Served>>;
  /** Paths of the image whose modification times are defined, and compared; "*": all. The time of the step is "step". */
  readonly times?: readonly string[];
  /** Absent: the build must succeed. */
  readonly fails?: {
    /** A phrase of BuildKit's message. */
    readonly says: string;
    /** Decant's code. */
    readonly code: ErrorCode;
  };
  /** What Decant may refuse with `UNSUPPORTED`, e.g. "RUN --mount". Once it does not, the case counts as any other. */
  readonly pending?: string;
}

/** A base image as a registry has it, written by hand. */
export interface Base {
  /** `config` of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Other fields of the configuration file. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** Fields of the manifest that are not as usual, and the media type of its layers. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly layerType?: string;
  /** One uncompressed tar a layer. Default: one layer with /base. */
  readonly layers?: readonly (readonly TarMember[])[];
}

/** An answer of the HTTP server. */
export interface Served {
  readonly body: string | Buffer;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Path → text of a plain file (executable if it starts with "#!"), or something else. */
export type Files = Readonly<Record<string, string | FileSpec>>;

/** Something in a context; see files.ts for the functions that make these. */
export type FileSpec = { readonly mode?: number; readonly mtime?: number } & (
  | {
      readonly kind: "file";
      readonly content: string | Buffer;
      readonly uid?: number;
      readonly gid?: number;
      /** Name → value in hexadecimal. */
      readonly xattrs?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "dir" | "fifo" | "socket" }
  | { readonly kind: "symlink" | "hardlink"; readonly target: string }
);
