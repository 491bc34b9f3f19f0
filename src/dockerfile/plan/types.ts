/**
 * What a Dockerfile means, as values: its stages, which of them the target needs, and what the words of each instruction come to. The conversion
 * to a graph, the checks and the outline all read this one plan, so that they cannot disagree.
 */
import type { DecantError } from "../../errors.ts";
import type { Followed } from "../../followed.ts";
import type { ImageConfig, Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { Expansion } from "../expand.ts";
import type {
  AddInstruction,
  CopyInstruction,
  ExposeInstruction,
  FromInstruction,
  Mount,
  ParsedDockerfile,
  RunInstruction,
  Stage,
  StageInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "../types.ts";

/** What is known besides the text. */
export interface PlanOptions {
  /** The versions whose rules hold. Default: the newest. */
  readonly followed?: Followed | undefined;
  /** Name of the stage to build, as `--target` gives it. Default: the last one. */
  readonly target?: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Is there a named context of this name? It replaces a stage that is called so, instructions and all. Default: there is none. */
  readonly hasContext?: ((name: string, platform: Platform) => boolean) | undefined;
  /** Configuration of an image; undefined where it is not known (yet). Default: none is known. */
  readonly image?: ((name: string, platform: Platform) => ImageConfig | undefined) | undefined;
  /** Read every stage, and not only those that the target needs. Default false. */
  readonly everyStage?: boolean | undefined;
}

/** An image that a stage needs. */
export interface ImageRequest {
  /** As written, variables filled in. */
  readonly name: string;
  readonly platform: Platform;
  /** False: `platform` is only the build's default. */
  readonly explicitPlatform: boolean;
  readonly range: SourceRange;
  /** Names of stages, for did-you-mean. */
  readonly stageNames: readonly string[];
}

/** A Dockerfile understood. */
export interface Plan {
  readonly parsed: ParsedDockerfile;
  readonly options: PlanOptions;
  /** What FROM sees. */
  readonly globals: ReadonlyMap<string, string>;
  readonly stages: readonly PlannedStage[];
  /** Absent when there is no such stage. */
  readonly target: PlannedStage | undefined;
  /** Images that the needed stages are from, copy from or mount; with `everyStage` of all stages. */
  readonly images: readonly ImageRequest[];
  /** Why this cannot be built, the first that a build meets first; those of single steps are in the steps. */
  readonly problems: readonly DecantError[];
}

/** What a stage starts from. */
export type StageBase =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image" }
  /** FROM could not be understood. */
  | { readonly kind: "unknown" };

/** A stage with its FROM understood. */
export interface PlannedStage {
  readonly stage: Stage;
  readonly base: StageBase;
  /** FROM with its variables filled in; of a stage that is replaced, its own name. */
  readonly baseName: string;
  /** What FROM and its --platform asked for; absent where they could not be expanded. */
  readonly from: { readonly image: Expansion | undefined; readonly platform: Expansion | undefined };
  readonly platform: Platform;
  /** --platform is written. */
  readonly explicitPlatform: boolean;
  /** A named context stands in for it: its own instructions are gone, and the image's triggers do not run. */
  readonly isReplaced: boolean;
  /** The target needs it. */
  readonly isNeeded: boolean;
  /** Stages that it is from, copies from or mounts. */
  readonly needs: readonly number[];
  /** Configuration of the image that it, or the first of its parents, is from; absent where it is not known, and for scratch. */
  readonly image: ImageConfig | undefined;
  /** What it starts with. */
  readonly start: StageStart;
  /** Triggers of its base, then its own instructions; empty where it is neither needed nor asked for. */
  readonly steps: readonly PlannedStep[];
}

/** What a stage inherits. */
export interface StageStart {
  /** The environment of RUN steps, the last set last. */
  readonly env: ReadonlyMap<string, string>;
  /** ARGs that its parents have declared, with their values where they have any. */
  readonly args: ReadonlyMap<string, string | undefined>;
  /** The configured working directory. */
  readonly workdir: string | undefined;
  /** False: the base's variables are not known, so none can be called undefined. */
  readonly isComplete: boolean;
}

/** An instruction with its variables filled in. */
export interface PlannedStep {
  readonly instruction: StageInstruction;
  /** The FROM whose image or stage brought it, for a trigger of ONBUILD. */
  readonly trigger: FromInstruction | undefined;
  /** Why it cannot be built; `values` are "unread" then. */
  readonly problem: DecantError | undefined;
  readonly values: StepValues;
  /** Where COPY and mounts take files from, besides the build context. */
  readonly sources: readonly FromTarget[];
  /** Variables of RUN steps that it sets, in order. */
  readonly sets: readonly (readonly [name: string, value: string])[];
  /** The configured working directory before it. */
  readonly workdir: string | undefined;
  /** Variables that were used and never defined. */
  readonly undefinedVariables: readonly UndefinedVariable[];
}

/** What the words of an instruction come to. */
export type StepValues =
  | PairValues
  | ArgValues
  | CopyValues
  | RunValues
  /** `path` is as the configuration keeps it, `written` as the instruction has it. */
  | { readonly kind: "workdir"; readonly instruction: WorkdirInstruction; readonly path: string; readonly written: string }
  | { readonly kind: "user"; readonly instruction: UserInstruction; readonly user: string }
  | { readonly kind: "volume"; readonly instruction: VolumeInstruction; readonly paths: readonly string[] }
  | { readonly kind: "stopsignal"; readonly instruction: StopsignalInstruction; readonly signal: string }
  | { readonly kind: "expose"; readonly instruction: ExposeInstruction; readonly words: readonly PlacedText[] }
  /** It has no variables. */
  | { readonly kind: "fixed"; readonly instruction: FixedInstruction }
  /** A mistake kept it from being read. */
  | { readonly kind: "unread" };

/** Instructions without variables. */
export type FixedInstruction = Extract<
  StageInstruction,
  { readonly kind: "cmd" | "entrypoint" | "healthcheck" | "maintainer" | "onbuild" | "shell" }
>;

/** A text with variables filled in, and its place. */
export interface PlacedText {
  readonly text: string;
  readonly range: SourceRange;
}

/** The words of an ENV or LABEL. */
export interface PairValues {
  readonly kind: "env" | "label";
  readonly pairs: readonly { readonly key: string; readonly value: string }[];
}

/** The names of an ARG, with their values where they have any. */
export interface ArgValues {
  readonly kind: "arg";
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
}

/** The mounts of a RUN. */
export interface RunValues {
  readonly kind: "run";
  readonly instruction: RunInstruction;
  readonly mounts: readonly { readonly mount: Mount; readonly from: FromTarget | undefined }[];
}

/** The words of a COPY or ADD. */
export interface CopyValues {
  readonly kind: "copy";
  readonly instruction: CopyInstruction | AddInstruction;
  readonly from: FromTarget | undefined;
  readonly sources: readonly PlacedText[];
  readonly destination: string;
  readonly chown: string;
  readonly chmod: string;
  /** Absent where it is not written. */
  readonly checksum: string | undefined;
  readonly excludes: readonly string[];
  /** The contents of its heredocs. */
  readonly documents: readonly string[];
}

/** What a `--from` names. */
export type FromTarget =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly name: string; readonly range: SourceRange };

/** A variable that is not there. */
export interface UndefinedVariable {
  readonly name: string;
  readonly suggestion: string | undefined;
  readonly range: SourceRange;
}
