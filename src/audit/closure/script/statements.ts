/** Statements on paper. What may run or not is skipped, and makes what it touches unknown. */
import type { Node } from "acorn";
import { createBranches } from "./branches.ts";
import { createDeclarations } from "./declarations.ts";
import { createLoops } from "./loops.ts";
import { type Completion, type Machine, NORMAL, type Running, type RunStatement, newScope } from "./machine.ts";
import { field, list, text } from "./nodes.ts";
import { type ModuleState, type Scope, ScriptObject, ScriptThrow } from "./values.ts";

/** They do nothing where they stand: functions are hoisted, imports bound before the module runs. */
const IDLE = ["FunctionDeclaration", "EmptyStatement", "ImportDeclaration", "ExportAllDeclaration", "DebuggerStatement"] as const;

/** Statements for a machine that has the rest. */
export function createStatements(machine: Machine): Pick<Machine, "block" | "statement"> {
  const kinds = new Map<string, RunStatement>([
    ...[createBranches, createLoops, createDeclarations, createJumps].flatMap((create) => Object.entries(create(machine))),
    ...IDLE.map((type) => [type, idle] as const),
    ["BlockStatement", (node, scope, module) => block(list(node, "body"), newScope(scope, false), module)],
    ["ExpressionStatement", expression],
  ]);

  function* block(nodes: readonly (Node | undefined)[], scope: Scope, module: ModuleState): Running<Completion> {
    machine.hoist(nodes, scope, module);
    for (const node of nodes) {
      if (node === undefined) continue;
      const done = yield* statement(node, scope, module);
      if (done.kind !== "normal") return done;
    }
    return NORMAL;
  }

  function* statement(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    machine.count();
    const run = kinds.get(node.type);
    if (run !== undefined) return yield* run(node, scope, module);
    machine.skip([node], scope, module);
    return NORMAL;
  }

  function* expression(node: Node, scope: Scope, module: ModuleState): Running<Completion> {
    const value = yield* machine.value(field(node, "expression"), scope, module);
    if (value instanceof ScriptObject && value.settled !== undefined && "error" in value.settled) machine.unhandled(value.settled.error);
    return NORMAL;
  }

  return { block, statement };
}

// oxlint-disable-next-line require-yield -- as all statements
function* idle(): Running<Completion> {
  return NORMAL;
}

/** Statements that go on elsewhere, and the labels that some lead to. */
function createJumps(machine: Machine): Readonly<Record<string, RunStatement>> {
  return {
    *ReturnStatement(node, scope, module) {
      const argument = field(node, "argument");
      return { kind: "return", value: argument === undefined ? undefined : yield* machine.value(argument, scope, module) };
    },
    *ThrowStatement(node, scope, module) {
      throw new ScriptThrow(yield* machine.value(field(node, "argument"), scope, module), { from: module.path });
    },
    // oxlint-disable-next-line require-yield -- as all statements
    *BreakStatement(node) {
      return { kind: "break", label: text(field(node, "label"), "name") };
    },
    // oxlint-disable-next-line require-yield -- as all statements
    *ContinueStatement(node) {
      return { kind: "continue", label: text(field(node, "label"), "name") };
    },
    *LabeledStatement(node, scope, module) {
      const done = yield* machine.statement(field(node, "body") ?? node, scope, module);
      return done.kind === "break" && done.label === text(field(node, "label"), "name") ? NORMAL : done;
    },
  };
}
