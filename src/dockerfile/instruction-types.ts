/** One type for each instruction, tagged by `kind`. Flags that were not given are absent. */
import type { SourceRange } from "../source.ts";
import type { Word, BoolFlag, Heredoc, CommandLine } from "./text-types.ts";

/** What every instruction has. */
export interface InstructionBase {
  /** As written, e.g. "Run". */
  readonly keyword: Word;
  /** From the keyword to the end of the last argument, or of the last heredoc. */
  readonly range: SourceRange;
  /** The logical line: continuations joined, comments dropped, trimmed. What progress shows and history is made of. */
  readonly line: string;
  /** `line` with heredoc bodies re-attached: parses to the same instruction again, given the same escape token. */
  readonly original: string;
  /** Comment lines directly above, without "#", e.g. "check=skip=JSONArgsRecommended". */
  readonly comments: readonly Word[];
}

/** `FROM [--platform=p] image [AS name]`. */
export interface FromInstruction extends InstructionBase {
  readonly kind: "from";
  readonly image: Word;
  readonly platform?: Word;
  /** The word "AS" as written. */
  readonly as?: Word;
  /** As written; `Stage.name` is lower-cased. */
  readonly stageName?: Word;
}

/** One name of an ARG. */
export interface ArgDeclaration {
  readonly key: Word;
  /** Absent for `ARG x`; with text "" for `ARG x=`. */
  readonly value?: Word;
  readonly range: SourceRange;
  /** From a comment above that starts with the key. */
  readonly description?: string;
}
/** `ARG a b=1`. */
export interface ArgInstruction extends InstructionBase {
  readonly kind: "arg";
  readonly args: readonly ArgDeclaration[];
}

/** `key=value` of ENV and LABEL; quotes and escapes are still in both texts (expansion removes them). */
export interface KeyValue {
  readonly key: Word;
  readonly value: Word;
  readonly range: SourceRange;
  /** True for the old form `ENV key the whole rest` (S12). */
  readonly legacy: boolean;
}
/** `ENV a=1 b=2`. */
export interface EnvInstruction extends InstructionBase {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}
/** `LABEL a=1 b=2`. */
export interface LabelInstruction extends InstructionBase {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}

/** One `key=value` (or bare key) of `--mount`. */
export interface MountOption {
  /** Lower-cased. */
  readonly key: string;
  /** Not expanded; absent for a bare key such as `ro`. */
  readonly value?: string;
  /** As written, for messages. */
  readonly field: string;
  readonly range: SourceRange;
}
/** One `--mount=`. `resolveMount(flag, expand)` checks it and gives the `Mount`. */
export interface MountFlag {
  readonly options: readonly MountOption[];
  readonly range: SourceRange;
}
/** One `--device=`. */
export interface DeviceFlag {
  readonly name: string;
  readonly required: boolean;
  readonly range: SourceRange;
}
/** `RUN …`. `runScript()` tells what a heredoc form means. */
export interface RunInstruction extends InstructionBase {
  readonly kind: "run";
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly MountFlag[];
  /** Absent means "default". */
  readonly network?: { readonly mode: "default" | "none" | "host"; readonly range: SourceRange };
  /** Absent means "sandbox". */
  readonly security?: { readonly mode: "sandbox" | "insecure"; readonly range: SourceRange };
  readonly devices: readonly DeviceFlag[];
}

/** `CMD …`. */
export interface CmdInstruction extends InstructionBase {
  readonly kind: "cmd";
  readonly command: CommandLine;
}
/** `ENTRYPOINT …`. */
export interface EntrypointInstruction extends InstructionBase {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}

interface TransferBase extends InstructionBase {
  /** Paths, wildcards and (ADD) URLs, not expanded; heredocs are in `heredocs`. */
  readonly sources: readonly Word[];
  /** Inline files, in order; used after `sources`. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: Word;
  /** The JSON form was used. */
  readonly json: boolean;
  readonly chown?: Word;
  readonly chmod?: Word;
  readonly link?: BoolFlag;
  readonly excludes: readonly Word[];
}
/** `COPY …`. */
export interface CopyInstruction extends TransferBase {
  readonly kind: "copy";
  /** Never expanded (S23). */
  readonly from?: Word;
  readonly parents?: BoolFlag;
}
/** `ADD …`. */
export interface AddInstruction extends TransferBase {
  readonly kind: "add";
  readonly checksum?: Word;
  readonly unpack?: BoolFlag;
  readonly keepGitDir?: BoolFlag;
}

/** `WORKDIR path`. */
export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "workdir";
  readonly path: Word;
}
/** `USER name[:group]`. */
export interface UserInstruction extends InstructionBase {
  readonly kind: "user";
  readonly user: Word;
}
/** `EXPOSE 80 443/tcp`: raw words, sorted as text as BuildKit does (S54); expand each with `expandWords`, then `parseExpose`. */
export interface ExposeInstruction extends InstructionBase {
  readonly kind: "expose";
  readonly ports: readonly Word[];
}
/** `VOLUME /a /b` or `VOLUME ["/a"]`. */
export interface VolumeInstruction extends InstructionBase {
  readonly kind: "volume";
  readonly paths: readonly Word[];
}
/** `SHELL ["/bin/bash", "-c"]`. */
export interface ShellInstruction extends InstructionBase {
  readonly kind: "shell";
  readonly args: readonly Word[];
}
/** `STOPSIGNAL SIGTERM`; check with `parseStopSignal` after expansion. */
export interface StopsignalInstruction extends InstructionBase {
  readonly kind: "stopsignal";
  readonly signal: Word;
}
/** `HEALTHCHECK …`. Durations are nanoseconds; absent or 0 means the default of the runtime. */
export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: "healthcheck";
  /** Absent for `HEALTHCHECK NONE`. */
  readonly command?: CommandLine;
  readonly intervalNs?: number;
  readonly timeoutNs?: number;
  readonly startPeriodNs?: number;
  readonly startIntervalNs?: number;
  readonly retries?: number;
}
/** `ONBUILD …`. */
export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "onbuild";
  /** What goes into the image's config: the rest of the line, heredocs re-attached (S57). */
  readonly expression: string;
  /** Absent when it does not parse: then there is a warning, because the build that triggers it will fail, not this one. */
  readonly trigger?: TriggerInstruction;
}
/** `MAINTAINER name` (deprecated). */
export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "maintainer";
  readonly name: Word;
}

/** Every instruction. */
export type Instruction =
  | FromInstruction
  | ArgInstruction
  | EnvInstruction
  | RunInstruction
  | CmdInstruction
  | EntrypointInstruction
  | CopyInstruction
  | AddInstruction
  | WorkdirInstruction
  | UserInstruction
  | LabelInstruction
  | ExposeInstruction
  | VolumeInstruction
  | ShellInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

/** What stands in a stage. */
export type StageInstruction = Exclude<Instruction, FromInstruction>;
/** What ONBUILD may hold. */
export type TriggerInstruction = Exclude<StageInstruction, OnbuildInstruction | MaintainerInstruction>;

/** A `--mount` after expansion and checks: what `resolveMount` gives. Defaults that depend on the stage are not filled in. */
export interface Mount {
  readonly type: "bind" | "cache" | "tmpfs" | "secret" | "ssh";
  /** A stage name, image or named context; lower-case it before comparing with stages (S35). */
  readonly from?: string;
  readonly source?: string;
  readonly target?: string;
  /** As BuildKit decides it: true for bind, secret and ssh unless `rw`, false for cache and tmpfs unless `ro`. */
  readonly readOnly: boolean;
  /** tmpfs only, bytes. */
  readonly sizeBytes?: number;
  readonly id?: string;
  /** cache only; absent means shared. */
  readonly sharing?: "shared" | "private" | "locked";
  /** secret and ssh only. */
  readonly required: boolean;
  /** secret only: name of the variable; "" means the default name. */
  readonly env?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly range: SourceRange;
}

/** What a RUN gives to the kernel: see `runScript`. */
export type RunScript =
  | { readonly form: "exec"; readonly args: readonly string[] }
  /** One string for the current SHELL. */
  | { readonly form: "shell"; readonly script: string }
  /** `RUN <<EOF` with "#!": a read-only file /dev/pipes/<name>, mode 0755, that is executed (S107). */
  | { readonly form: "file"; readonly name: string; readonly content: string };
