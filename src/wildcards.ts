/** Wildcards over any sequence: characters of a name, names of a path. Pure. */

/** What tokens mean. */
interface WildcardRules<Token, Item> {
  /** Does the token stand for any number of items, also none? */
  readonly repeats: (token: Token) => boolean;
  readonly takes: (token: Token, item: Item) => boolean;
}

/**
 * Do the tokens take all items, from the first to the last? All states go side by side: time is at most the product of both lengths, whatever the pattern is,
 * where an expression with as many stars would try for ever.
 */
export function matchesWildcards<Token, Item>(
  tokens: readonly Token[],
  items: readonly Item[],
  { repeats, takes }: WildcardRules<Token, Item>,
): boolean {
  /** The round in which a state was entered last. */
  const entered = new Uint32Array(tokens.length + 1);
  const enter = (states: number[], state: number, round: number): void => {
    for (let at = state; entered[at] !== round; at += 1) {
      entered[at] = round;
      states.push(at);
      const token = tokens[at];
      if (token === undefined || !repeats(token)) return;
    }
  };
  let states: number[] = [];
  enter(states, 0, 1);
  for (const [index, item] of items.entries()) {
    const next: number[] = [];
    for (const at of states) {
      const token = tokens[at];
      if (token !== undefined && takes(token, item)) enter(next, repeats(token) ? at : at + 1, index + 2);
    }
    if (next.length === 0) return false;
    states = next;
  }
  return states.includes(tokens.length);
}
