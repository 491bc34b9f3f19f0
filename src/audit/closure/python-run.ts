/** Runs the statements of one Python module as far as its text says what always runs. An exception goes up as it would: to the `except` that takes it, or out. */
import { pythonCondition } from "./python-conditions.ts";
import { calledBy, mayEnd, mayExit } from "./python-functions.ts";
import { assign, forget, type PythonEnd, type PythonFrame, type RunningModule, within } from "./python-running.ts";
import type { PythonStatement } from "./python-statements.ts";
import { runTry } from "./python-try.ts";

/** What imports lead to. */
export interface PythonImports {
  readonly load: (name: string, from: string | undefined) => Promise<PythonEnd>;
  /** `import NAME` was done, and the module calls it `as`. */
  readonly named: (name: string, as: string, module: RunningModule) => void;
  /** Binds names whose values are known. */
  readonly fromImport: (
    one: PythonStatement & { readonly kind: "from" },
    module: RunningModule,
    from: string | undefined,
  ) => Promise<PythonEnd>;
}

type Block = PythonStatement & { readonly kind: "block" };

const MAX_CALLS = 20;
const SUPPRESSES = /suppress|raises|ignor|catch_|skip|optional/i;
const ENDS = /^(?:raise|return|continue|break)\b|^(?:sys\.exit|exit|quit|os\._exit)\((?!\w+\()/;
const IMPORTS_BY_CALL = /^(?:\w+\s*=\s*)?(?:importlib\.)?(?:import_module|__import__)\(\s*""\s*\)/;

/** Runs the statements of a module, or of a part of it. */
export async function runStatements(
  statements: readonly PythonStatement[],
  module: RunningModule,
  imports: PythonImports,
): Promise<PythonEnd> {
  return await run(statements, { module, calls: 0 });

  async function run(body: readonly PythonStatement[], frame: PythonFrame): Promise<PythonEnd> {
    for (const one of body) {
      if (frame.calls === 0) frame.module.progress.at = one.at;
      const end = await step(one, frame);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  async function step(one: PythonStatement, frame: PythonFrame): Promise<PythonEnd> {
    switch (one.kind) {
      case "import":
      case "from":
        return await runImport(one, frame.module, imports);
      case "block":
        return await block(one, frame);
      case "simple":
        return await simple(one, frame);
      default:
        return one satisfies never;
    }
  }

  async function block(one: Block, frame: PythonFrame): Promise<PythonEnd> {
    const { constants } = frame.module.facts;
    const [first] = one.arms;
    if (first === undefined) return undefined;
    switch (first.keyword) {
      case "if":
        return await conditional(one, frame);
      case "try":
        return await runTry(one, frame, run);
      case "class":
        forget([{ ...one, arms: [{ ...first, body: [] }] }], constants);
        return await run(first.body, { ...frame, module: within(frame.module) });
      case "with": {
        const end = await run(first.body, frame);
        return end !== undefined && SUPPRESSES.test(first.head) ? undefined : end;
      }
      case "def":
        forget([{ ...one, arms: [{ ...first, body: [] }] }], constants);
        return undefined;
      default:
        forget([one], constants);
        return mayEnd(one.arms) ? "unsure" : undefined;
    }
  }

  async function conditional(one: Block, frame: PythonFrame): Promise<PythonEnd> {
    const { facts } = frame.module;
    for (const { keyword, head, strings, body } of one.arms) {
      const holds = keyword === "else" ? true : pythonCondition(head, strings, facts);
      if (holds === true) return await run(body, frame);
      if (holds !== undefined) continue;
      forget([one], facts.constants);
      return mayEnd(one.arms) ? "unsure" : undefined;
    }
    return undefined;
  }

  async function simple({ text, strings }: PythonStatement & { readonly kind: "simple" }, frame: PythonFrame): Promise<PythonEnd> {
    const { module: inside, calls } = frame;
    if (ENDS.test(text)) return "unsure";
    assign(text, strings, inside);
    const name = IMPORTS_BY_CALL.test(text) ? strings[0] : undefined;
    if (name !== undefined && /^[A-Za-z_][\w.]*$/.test(name))
      return certain(await imports.load(name, `/${inside.file?.path ?? ""}`), inside);
    const called = calledBy(text);
    const own = called === undefined ? undefined : inside.functions.get(called);
    const { home, body } = own === undefined ? (inside.imported.get(called ?? "") ?? {}) : { home: inside, body: own };
    if (home === undefined || body === undefined || calls >= MAX_CALLS) return undefined;
    const end = await run(body.body, { module: within(home, body.head), calls: calls + 1 });
    // It returned.
    return end === "unsure" ? (mayExit(body.body) ? "unsure" : undefined) : end;
  }
}

async function runImport(
  one: PythonStatement & { readonly kind: "import" | "from" },
  module: RunningModule,
  { load, named, fromImport }: PythonImports,
): Promise<PythonEnd> {
  const from = module.file === undefined ? undefined : `/${module.file.path}`;
  forget([one], module.facts.constants);
  if (one.kind === "from") return certain(await fromImport(one, module, from), module);
  for (const { module: name, binds } of one.modules) {
    const end = await load(name, from);
    named(name, name.startsWith(`${binds}.`) ? name : binds, module);
    const failure = certain(end, module);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Of an import about which nothing is known the rest of the file is taken to run. */
function certain(end: PythonEnd, { progress }: RunningModule): PythonEnd {
  if (end !== "unsure") return end;
  progress.unsure += 1;
  return undefined;
}
