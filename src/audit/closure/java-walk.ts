/**
 * What starting a main class leads to: its superclasses, its static initialiser and `main`, instruction by instruction. Only what always runs is
 * certain: the walk ends at the first branch, at a call whose code is not known, and where a failure would be caught.
 */
import { caughtAt, classNeeded, type Instruction, instructionAt, isBranch, isReturn, mayThrow } from "./java-bytecode.ts";
import type { ClassFile, JavaMethod } from "./java-class-file.ts";

/** Something that the program needs. */
export interface JavaNeed {
  /** A class that is missing, a name of System.loadLibrary, or a path of System.load. */
  readonly kind: "class" | "library" | "file";
  /** "a/B", "sqlite", "/opt/x.so". */
  readonly name: string;
  /** The class whose code needs it. */
  readonly by: string;
  readonly certain: boolean;
}

/** Gives a class by name: of the program, "runtime" for Java's own, "unknown" for one that may differ, undefined for none. */
export type LoadClass = (name: string) => Promise<ClassFile | "runtime" | "unknown" | undefined>;

/** Classes of Java whose methods return, and do not call the program in earnest. */
const RETURNING = /^java\/(?:lang\/(?:Object|String|StringBuilder|StringBuffer|Integer|Long|Boolean|Double|Math)|io\/PrintStream)$/;
const MAX_STEPS = 20_000;
const MAX_DEPTH = 30;
const MAIN = "main([Ljava/lang/String;)V";
const CLINIT = "<clinit>()V";
const LOADERS: Readonly<Record<string, "library" | "file">> = { loadLibrary: "library", load: "file" };
const RUNS = {
  SPECIAL: 0xb7,
  STATIC: 0xb8,
  DYNAMIC: 0xba,
  NEW: 0xbb,
  GET_STATIC: 0xb2,
  PUT_STATIC: 0xb3,
  GOTO: 0xa7,
  GOTO_W: 0xc8,
} as const;

/** Walks from a main class. What comes behind the first certain need is not looked at. */
export async function walkMain(main: ClassFile, load: LoadClass): Promise<readonly JavaNeed[]> {
  const walk = createWalk(load);
  await walk.link(main.name, main.name);
  await walk.initialise(main);
  const method = main.methods.get(MAIN);
  if (method !== undefined) await walk.run(main, method, 0);
  const certain = walk.needs();
  // Where it stops for want of a class, nothing later counts.
  if (certain.some(({ kind }) => kind === "class")) return certain;
  const possible = await possibleNeeds(main, load);
  return [...certain, ...possible.filter((one) => !certain.some(({ kind, name }) => kind === one.kind && name === one.name))];
}

interface Walk {
  /** Loads a class with what it is made of; false when the walk ends here. */
  link(name: string, by: string): Promise<boolean>;
  initialise(file: ClassFile): Promise<void>;
  run(file: ClassFile, method: JavaMethod, depth: number): Promise<void>;
  needs(): readonly JavaNeed[];
}

function createWalk(load: LoadClass): Walk {
  const needs: JavaNeed[] = [];
  const linked = new Set<string>();
  const initialised = new Set<string>();
  let steps = 0;
  /** Everything so far always runs. */
  let isCertain = true;

  async function link(name: string, by: string): Promise<boolean> {
    if (!isCertain || name === "" || linked.has(name)) return isCertain;
    linked.add(name);
    const file = await load(name);
    if (file === "runtime") return true;
    if (file === "unknown") return (isCertain = false);
    if (file === undefined) {
      needs.push({ kind: "class", name, by, certain: true });
      return (isCertain = false);
    }
    for (const one of [file.superName ?? "", ...file.interfaces]) if (!(await link(one, name))) return false;
    return true;
  }

  async function initialise(file: ClassFile): Promise<void> {
    if (!isCertain || initialised.has(file.name)) return;
    initialised.add(file.name);
    const above = file.superName === undefined ? "runtime" : await load(file.superName);
    if (typeof above === "object") await initialise(above);
    const method = file.methods.get(CLINIT);
    if (method !== undefined) await run(file, method, 0);
  }

  async function run(file: ClassFile, method: JavaMethod, depth: number): Promise<void> {
    const { code } = method;
    let loaded: string | undefined;
    for (let at = 0; isCertain;) {
      const one: Instruction | undefined = code === undefined ? undefined : instructionAt(code, at);
      steps += 1;
      if (one !== undefined && isReturn(one.code)) return;
      isCertain &&= one !== undefined && !isBranch(one.code) && steps < MAX_STEPS && depth < MAX_DEPTH;
      if (one === undefined || code === undefined || !isCertain) break;
      const caught = caughtAt(method, at);
      if (caught !== "nothing" && (caught !== "exceptions" || mayThrow(one.code))) isCertain = false;
      else if (one.code === RUNS.GOTO || one.code === RUNS.GOTO_W) {
        at += one.code === RUNS.GOTO ? code.readInt16BE(at + 1) : code.readInt32BE(at + 1);
        isCertain = at > one.at;
        continue;
      } else if (await link(classNeeded(file, one), file.name)) {
        await step(file, one, { loaded, depth });
        // A call may throw, and what catches that goes on elsewhere.
        if (caught === "exceptions" && one.code >= 0xb6 && one.code <= 0xba) isCertain = false;
      }
      loaded = textLoaded(file, one);
      at = one.next;
    }
  }

  async function step(
    file: ClassFile,
    one: Instruction,
    { loaded, depth }: { readonly loaded: string | undefined; readonly depth: number },
  ): Promise<void> {
    if (one.code === RUNS.NEW) await initialiseNamed(file.pool.className(one.index) ?? "");
    const member = file.pool.member(one.index);
    const isField = one.code >= 0xb2 && one.code <= 0xb5;
    if (one.code < 0xb2 || one.code > 0xba || one.code === RUNS.DYNAMIC) return;
    if (member === undefined) isCertain = false;
    else if (isField) {
      if (one.code === RUNS.GET_STATIC || one.code === RUNS.PUT_STATIC) await initialiseNamed(member.owner, member.name);
    } else {
      const loads = loaderOf(member);
      if (loads !== undefined && loaded !== undefined) needs.push({ kind: loads, name: loaded, by: file.name, certain: true });
      else await call(one, member, depth);
    }
  }

  /** A class that is used for the first time; a field that is inherited leads to another class. */
  async function initialiseNamed(name: string, field?: string): Promise<void> {
    const file = await load(name);
    if (typeof file !== "object") return;
    if (field !== undefined && !file.fields.has(field)) isCertain = false;
    await initialise(file);
  }

  async function call(
    one: Instruction,
    { owner, name, descriptor }: { readonly owner: string; readonly name: string; readonly descriptor: string },
    depth: number,
  ): Promise<void> {
    if (RETURNING.test(owner)) return;
    const file = owner.startsWith("[") ? "runtime" : await load(owner);
    const method = typeof file === "object" ? file.methods.get(`${name}${descriptor}`) : undefined;
    // Which method others run is known only when they do.
    if (typeof file !== "object" || method === undefined || (one.code !== RUNS.STATIC && one.code !== RUNS.SPECIAL)) isCertain = false;
    else {
      if (one.code === RUNS.STATIC) await initialise(file);
      await run(file, method, depth + 1);
    }
  }

  return { link, initialise, run, needs: () => needs };
}

/** The text that an instruction puts where a call takes it (ldc, ldc_w). */
function textLoaded(file: ClassFile, { code, index }: Instruction): string | undefined {
  return code === 0x12 || code === 0x13 ? file.pool.text(index) : undefined;
}

/** What System.load or System.loadLibrary takes. */
function loaderOf({ owner, name }: { readonly owner: string; readonly name: string }): "library" | "file" | undefined {
  return owner === "java/lang/System" ? LOADERS[name] : undefined;
}

/** What the static initialiser and `main` name besides, where nothing catches its absence. */
async function possibleNeeds(main: ClassFile, load: LoadClass): Promise<readonly JavaNeed[]> {
  const needs = new Map<string, JavaNeed>();
  const add = (kind: JavaNeed["kind"], name: string): void => {
    needs.set(`${kind} ${name}`, { kind, name, by: main.name, certain: false });
  };
  for (const method of [main.methods.get(CLINIT), main.methods.get(MAIN)]) {
    let loaded: string | undefined;
    const code = method?.code;
    let one = code === undefined ? undefined : instructionAt(code, 0);
    for (; code !== undefined && method !== undefined && one !== undefined; one = instructionAt(code, one.next)) {
      if (caughtAt(method, one.at) !== "errors") {
        const name = classNeeded(main, one);
        if (name !== "" && (await load(name)) === undefined) add("class", name);
        const member = one.code === RUNS.STATIC ? main.pool.member(one.index) : undefined;
        const loads = member === undefined ? undefined : loaderOf(member);
        if (loads !== undefined && loaded !== undefined) add(loads, loaded);
      }
      loaded = textLoaded(main, one);
    }
  }
  return [...needs.values()];
}
