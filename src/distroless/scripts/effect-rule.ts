/** The values of the rules: what a command of a maintainer script does, and what a base has of it. */
import type { ScriptCommand } from "./read-script.ts";

/**
 * "native": the base has the effect. "not needed": it would change nothing here. "left out": the base is without it. "needed": the base is without it, and
 * what the package is for does not work so.
 */
export type EffectState = "native" | "not needed" | "left out" | "needed";

/** What the base has, as far as scripts care. */
export interface EffectContext {
  readonly hasCache: boolean;
  readonly hasCertificates: boolean;
  readonly hasJavaStore: boolean;
  /** Is there anything at this absolute path? */
  readonly hasPath: (path: string) => boolean;
  /** Is there a file in this directory, or below it, whose name fits? */
  readonly hasFile: (directory: string, name: RegExp) => boolean;
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** What commands of one form mean. */
export interface Rule {
  readonly effect: string;
  /** Of the command with single spaces, its name without a path. */
  readonly test: RegExp;
  readonly judge: (command: ScriptCommand, context: EffectContext) => Verdict;
}

/** The state, why, and another effect than the rule's. */
export type Verdict = readonly [EffectState, string, effect?: string];
