/** Functions of a Python module: which run as soon as they are called, who calls them, and whether code may leave them or end the program. */
import type { PythonArm, PythonStatement } from "./python-statements.ts";
import { allStatements } from "./python-statements.ts";

/** Functions of a module that run as soon as they are called, by name. */
export function functionsOf(statements: readonly PythonStatement[]): ReadonlyMap<string, PythonArm> {
  const functions = new Map<string, PythonArm>();
  for (const one of statements) {
    const arm = one.kind === "block" && !one.decorated ? one.arms[0] : undefined;
    const called = arm?.keyword === "def" ? /^(\w+)\s*\(/.exec(arm.head)?.[1] : undefined;
    if (arm === undefined || called === undefined) continue;
    if (arm.isAsync || mayYield(arm.body)) functions.delete(called);
    else functions.set(called, arm);
  }
  return functions;
}

function mayYield(body: readonly PythonStatement[]): boolean {
  return allStatements(body).some(
    (one) =>
      (one.kind === "simple" && /\byield\b/.test(one.text)) ||
      (one.kind === "block" && one.arms.some(({ head }) => /\byield\b/.test(head))),
  );
}

/** The function that a statement certainly calls. */
export function calledBy(text: string): string | undefined {
  if (/\)\s*(?:if|for|and|or)\b/.test(text)) return undefined;
  return /^(?:(?:sys\.exit|exit|raise SystemExit)\(|\w+\s*=\s*)?(\w+)\(/.exec(text)?.[1];
}

/** May a part of it end the program, or the function that it is in? */
export function mayEnd(arms: readonly PythonArm[]): boolean {
  return arms.some(
    ({ keyword, body }) =>
      keyword !== "def" &&
      body.some((one) =>
        one.kind === "block" ? mayEnd(one.arms) : one.kind === "simple" && /\bexit\(|^return\b|\bSystemExit\b/.test(one.text),
      ),
  );
}

/** May it end the program? */
export function mayExit(body: readonly PythonStatement[]): boolean {
  return body.some((one) =>
    one.kind === "block" ? one.arms.some((arm) => mayExit(arm.body)) : one.kind === "simple" && /\bexit\(|\bSystemExit\b/.test(one.text),
  );
}
