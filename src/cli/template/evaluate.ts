/** Runs templates over data: for `--format '{{…}}'`. */
import { entriesOf, FUNCTIONS, isList, isTrue, shown, TemplateProblem, type Value } from "./functions.ts";
import { bad, type Node, parseTemplate, type Pipeline, type Term } from "./parse.ts";

interface Scope {
  readonly root: Value;
  readonly dot: Value;
  readonly variables: ReadonlyMap<string, Value>;
}

/** A template, ready to be run. `text` is as it was typed; errors show it. Throws `USAGE`, also for functions that do not exist. */
export function createTemplate(text: string): (data: Value) => string {
  const nodes = parseTemplate(text);
  return (data) => {
    try {
      return run(nodes, { root: data, dot: data, variables: new Map() });
    } catch (error) {
      throw error instanceof TemplateProblem ? bad(text, error.message) : error;
    }
  };
}

function run(nodes: readonly Node[], scope: Scope): string {
  let inner = scope;
  let text = "";
  for (const node of nodes) {
    if (node.kind === "text") text += node.text;
    else if (node.kind === "print") {
      const value = valueOf(node.pipeline, inner);
      const [name] = node.pipeline.names;
      if (name === undefined) text += safeText(shown(value));
      else inner = { ...inner, variables: new Map([...inner.variables, [name, value]]) };
    } else text += runBlock(node, inner);
  }
  return text;
}

function runBlock({ kind, pipeline, inner: body, otherwise }: Exclude<Node, { readonly kind: "text" | "print" }>, scope: Scope): string {
  const value = valueOf(pipeline, scope);
  const [first, second] = pipeline.names;
  if (kind === "range") {
    const items = itemsOf(value);
    if (items.length === 0) return run(otherwise, scope);
    return items
      .map(([key, item]) => {
        const bound: [string, Value][] = second === undefined ? [] : [[second, item]];
        if (first !== undefined) bound.push([first, second === undefined ? item : key]);
        return run(body, { ...scope, dot: item, variables: new Map([...scope.variables, ...bound]) });
      })
      .join("");
  }
  if (!isTrue(value)) return run(otherwise, scope);
  const variables = first === undefined ? scope.variables : new Map([...scope.variables, [first, value]]);
  return run(body, { ...scope, dot: kind === "with" ? value : scope.dot, variables });
}

function itemsOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === null || value === undefined) return [];
  if (value instanceof Map) return entriesOf(value);
  if (isList(value)) return value.map((item, at) => [at, item] as const);
  throw new TemplateProblem(`range cannot go through ${shown(value)}`);
}

function valueOf({ commands }: Pipeline, scope: Scope): Value {
  let before: readonly Value[] = [];
  for (const command of commands) before = [callOf(command, before, scope)];
  return before[0];
}

function callOf([head, ...rest]: readonly Term[], before: readonly Value[], scope: Scope): Value {
  if (head?.kind !== "function") {
    if (head === undefined || rest.length > 0 || before.length > 0) throw new TemplateProblem("a value takes no arguments");
    return termValue(head, scope);
  }
  const call = FUNCTIONS.get(head.name);
  if (call === undefined)
    throw new TemplateProblem(`function "${head.name}" is not supported; there are ${[...FUNCTIONS.keys()].toSorted().join(", ")}`);
  return call(...rest.map((term) => termValue(term, scope)), ...before);
}

function termValue(term: Term, scope: Scope): Value {
  switch (term.kind) {
    case "literal":
      return term.value;
    case "function":
      return callOf([term], [], scope);
    case "dot":
      return term.fields.reduce(fieldOf, scope.dot);
    case "root":
      return term.fields.reduce(fieldOf, scope.root);
    case "variable": {
      if (!scope.variables.has(term.name)) throw new TemplateProblem(`there is no variable ${term.name}`);
      return term.fields.reduce(fieldOf, scope.variables.get(term.name));
    }
    case "pipeline":
      return term.fields.reduce(fieldOf, valueOf(term.pipeline, scope));
    default:
      return term satisfies never;
  }
}

function fieldOf(value: Value, field: string): Value {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Map) return value.get(field);
  if (typeof value !== "object" || isList(value)) throw new TemplateProblem(`.${field} is asked of ${shown(value)}, which has no fields`);
  const known: readonly string[] = Object.keys(value);
  if (known.includes(field)) return Reflect.get(value, field) as Value;
  throw new TemplateProblem(`there is no field .${field}; there are ${known.map((one) => `.${one}`).join(", ")}`);
}

/** Values come from images: they print, and never move the cursor. */
function safeText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
