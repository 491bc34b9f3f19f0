/** What checks are made of: rules, what they look at, and what they find. */
import type { ImageConfig, Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { Expansion } from "../expand.ts";
import type { BuiltFacts, ImageFactsOf } from "./facts.ts";
import type { IgnorePattern } from "../ignore.ts";
import type { FromTarget, PlanOptions, UndefinedVariable } from "../plan/types.ts";
import type { Diagnostic, FromInstruction, Instruction, Mount, ParsedDockerfile, Stage, StageInstruction } from "../types.ts";

/** What a rule found. */
export interface Finding {
  readonly message: string;
  /** The words that it is about. */
  readonly range: SourceRange;
  /** The instruction that they stand in; a `# check=skip=` above it counts. Absent where there is none. */
  readonly instruction?: Instruction;
  /** Another instruction whose comment counts as well. */
  readonly also?: Instruction;
}

/** One check. */
export interface Rule {
  /** Stable; BuildKit's name where the rule is BuildKit's. */
  readonly name: string;
  readonly description: string;
  /** BuildKit's rules follow BuildKit in everything; Decant's are advice and never fail a check. */
  readonly origin: "buildkit" | "decant";
  /** The page that explains it. */
  readonly url?: string;
  /** Off unless `experimental=` names it. */
  readonly experimental: boolean;
  /** Shown while building too, not only by `--check`. */
  readonly duringBuild: boolean;
  /** Judged once more by what a build made, when it is there. */
  readonly afterBuild: boolean;
  readonly find: (dockerfile: CheckedDockerfile) => Iterable<Finding>;
}

/** A finding with its rule: what the user reads. */
export interface CheckWarning extends Diagnostic {
  readonly severity: "warning";
  readonly description: string;
  readonly url?: string;
  readonly origin: Rule["origin"];
  /** First and last line of the instruction: what BuildKit shows. */
  readonly lines: { readonly first: number; readonly last: number };
}

/** What is known besides the plan. */
export interface CheckOptions {
  /** Patterns of the ignore file, if there is one. */
  readonly ignore?: readonly IgnorePattern[] | undefined;
  /** Does the image have a shell? Undefined: judge by its name. */
  readonly hasShell?: ((name: string) => boolean | undefined) | undefined;
  /** What base images that are here hold. */
  readonly facts?: ImageFactsOf | undefined;
  /** What the build made; for the purpose "result". */
  readonly built?: BuiltFacts | undefined;
  /** "check" (default) runs every rule; "build" only those that a build shows before it works; "result" those that look at what it made. */
  readonly purpose?: "check" | "build" | "result" | undefined;
}

/** Everything that rules look at: the text, and what variables come to. */
export interface CheckedDockerfile {
  readonly parsed: ParsedDockerfile;
  readonly options: CheckOptions & PlanOptions;
  /** What FROM sees. */
  readonly globals: ReadonlyMap<string, string>;
  /** The same as if no build argument was given; absent when it cannot be expanded. */
  readonly defaultGlobals: ReadonlyMap<string, string> | undefined;
  readonly stages: readonly CheckedStage[];
  /** Absent for a file without stages. */
  readonly target: CheckedStage | undefined;
}

/** A stage with its variables filled in. */
export interface CheckedStage {
  readonly stage: Stage;
  /** What it is from: an image, a stage or a named context; "" when FROM cannot be expanded. */
  readonly baseName: string;
  /** FROM as written, expanded; absent when that fails. */
  readonly base: Expansion | undefined;
  readonly platform: Expansion | undefined;
  /** The platform that it is built for. */
  readonly wanted: Platform;
  /** The stage that FROM names. */
  readonly parent: CheckedStage | undefined;
  /** Configuration of the image that the stage, or the first of its parents, is from; absent where it is not known, and for scratch. */
  readonly image: ImageConfig | undefined;
  /** Stages that it is from or copies from. */
  readonly needs: readonly number[];
  /** The target needs it, or all stages are checked. */
  readonly isChecked: boolean;
  /** The target needs it. */
  readonly isNeeded: boolean;
  /** Steps with what was known at each; empty where `isChecked` is false. */
  readonly steps: readonly CheckedStep[];
}

/** An instruction with its variables filled in. */
export interface CheckedStep {
  readonly instruction: StageInstruction;
  /** The FROM whose image or stage brought it, for a trigger of ONBUILD. */
  readonly trigger: FromInstruction | undefined;
  /** What its words come to: sources and destination of a COPY, names of ENV and ARG, ports, a path. */
  readonly values: readonly string[];
  /** Values of the names of an ARG, in their order; undefined for one without any. */
  readonly argValues: readonly (string | undefined)[];
  /** Mounts of a RUN, variables filled in. */
  readonly mounts: readonly Mount[];
  /** What `--from` of a COPY names. */
  readonly from: FromTarget | undefined;
  /** Variables that were used and never defined. */
  readonly undefinedVariables: readonly UndefinedVariable[];
  /** Arguments before the first FROM, or of the platform, that a RUN uses without an ARG in its stage. */
  readonly missingArguments: readonly string[];
  /** SHELL was set, here or by the base. */
  readonly hasShellSetting: boolean;
  /** WORKDIR, as far as it is known. */
  readonly workdir: string;
}
