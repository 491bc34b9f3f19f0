/** `try` of Python: which `except` takes the failure of an import, and what follows. */
import { forget, isUnset, type PythonEnd, type PythonFailure, type PythonFrame, type RunBody } from "./python-running.ts";
import type { PythonArm, PythonStatement } from "./python-statements.ts";

const CATCHES_IMPORT = /\b(?:ImportError|ModuleNotFoundError|Exception|BaseException|Import\w*)\b/;
const CATCHES_ACCESS = /\b(?:OSError|IOError|EnvironmentError|PermissionError|Exception|BaseException)\b/;
/** Those that take neither. A name of the program's own may stand for anything. */
const CATCHES_OTHERS =
  /^(?:(?:Attribute|Key|Value|Type|Runtime|Name|Index|Lookup|Syntax|Assertion|NotImplemented|Unicode\w*|FileNotFound|Arithmetic|ZeroDivision|Overflow|OS|IO|Permission|Environment)Error|SystemExit|KeyboardInterrupt|StopIteration)$/;
const LEAVES = /^(?:raise\b|(?:sys\.)?exit\(\s*(?:""|[1-9])|raise SystemExit\()/;

/** Runs a `try` with all its arms. */
export async function runTry(one: PythonStatement & { readonly kind: "block" }, frame: PythonFrame, run: RunBody): Promise<PythonEnd> {
  const { module } = frame;
  const bodyOf = (keyword: string): readonly PythonStatement[] => one.arms.find((arm) => arm.keyword === keyword)?.body ?? [];
  const { unsure } = module.progress;
  const [only, more] = bodyOf("try");
  const unset = more === undefined && only?.kind === "simple" && isUnset(only.text, module);
  const nameError = unset ? one.arms.find(({ keyword, head }) => keyword === "except" && /\bNameError\b/.test(head)) : undefined;
  if (nameError !== undefined) return await run(nameError.body, frame);
  let end = await run(bodyOf("try"), frame);
  if (end === undefined) end = await run(bodyOf("else"), frame);
  else if (end !== "unsure") end = await handled(end, one.arms, frame, run);
  end = (await run(bodyOf("finally"), frame)) ?? end;
  // Which of its ways it took is not known: nor is what it set.
  if (module.progress.unsure > unsure || end === "unsure") forget([one], module.facts.constants);
  return end;
}

async function handled(failure: PythonFailure, arms: readonly PythonArm[], frame: PythonFrame, run: RunBody): Promise<PythonEnd> {
  for (const { keyword, head, body } of arms) {
    if (keyword !== "except") continue;
    if (catches(failure, head)) return await handle(failure, body, frame, run);
    const names = head.replace(/\bas\s+\w+$/, "").match(/[\w.]+/g) ?? [];
    if (names.every((name) => CATCHES_OTHERS.test(name) || CATCHES_IMPORT.test(name))) continue;
    frame.module.progress.unsure += 1;
    return undefined;
  }
  return failure;
}

/** Runs a handler up to where it raises an error itself. */
async function handle(failure: PythonFailure, body: readonly PythonStatement[], frame: PythonFrame, run: RunBody): Promise<PythonEnd> {
  const leaves = body.findIndex((one) => one.kind === "simple" && LEAVES.test(one.text));
  const end = await run(leaves < 0 ? body : body.slice(0, leaves), frame);
  return end ?? (leaves < 0 ? undefined : failure);
}

function catches({ kind, entry }: PythonFailure, head: string): boolean {
  // The loader of libraries says ImportError also of what it may not read.
  const isAccess = kind === "unreadable" && entry?.path.endsWith(".so") !== true;
  return head === "" || (isAccess ? CATCHES_ACCESS : CATCHES_IMPORT).test(head);
}
