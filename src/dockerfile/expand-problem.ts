/** What can be wrong with a text that is expanded. */

/** Why expansion stopped; becomes a DecantError where the text and its place are known. */
export class ExpandProblem extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What to do about a brace that is open. */
export const CLOSE_BRACE: string = "Close the variable with }, or escape its $ to have it literally";

/** `${x` at the end of the text. */
export function missingBrace(): ExpandProblem {
  return new ExpandProblem("syntax error: missing '}'", CLOSE_BRACE);
}

/** `${x^}`, which is shown as it was written. */
export function unsupportedModifier(shown: string): ExpandProblem {
  return new ExpandProblem(`unsupported modifier (${shown}) in substitution`, "Use one of :- - :+ + :? ? # ## % %% / //");
}
