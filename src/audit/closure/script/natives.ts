/** What Node.js gives a program: `process`, `fs`, `path` and others, as far as loaders of native add-ons ask them. The rest is unknown. */
import { absolutePath, folderOf, lastPart } from "../../../facts/index.ts";
import { given } from "../../../given.ts";
import {
  type Answer,
  arrayOf,
  type Missed,
  type Need,
  objectOf,
  plainFunction,
  ScriptObject,
  ScriptThrow,
  truth,
  UNKNOWN,
  type Value,
} from "./values.ts";

/** What is known of the process that would run. */
export interface ScriptProcess {
  /** Node's word: "x64" */
  readonly arch: string;
  readonly libc: "glibc" | "musl";
  readonly env: ReadonlyMap<string, string>;
  readonly workingDirectory: string;
  readonly execPath: string;
  /** Of Node.js, "24.1.0", and of its interface for add-ons, "137"; absent where nobody asked. */
  readonly version?: string | undefined;
  readonly abi?: string | undefined;
}

/** Set by who starts the image more often than not: nothing is said of what depends on it. */
const OFTEN_SET: ReadonlySet<string> = new Set([
  "NODE_ENV",
  "DEBUG",
  "CI",
  "PORT",
  "HOST",
  "TZ",
  "NODE_OPTIONS",
  "NODE_DEBUG",
  "HOME",
  "HOSTNAME",
]);

function ask(need: (args: readonly Value[]) => Need | undefined): ScriptObject {
  return new ScriptObject({
    call: function* call(args) {
      const asked = need(args);
      if (asked === undefined) return UNKNOWN;
      const answer: Answer = yield asked;
      if (!("value" in answer)) return UNKNOWN;
      if (answer.value === undefined && asked.kind !== "exists") throw new ScriptThrow(objectOf({ code: "ENOENT" }, { isOpen: true }), {});
      return answer.value;
    },
  });
}

const textArgument = ([first]: readonly Value[]): string | undefined => (typeof first === "string" ? first : undefined);
const allTexts = (args: readonly Value[]): readonly string[] | undefined => {
  const texts = args.filter((one) => typeof one === "string");
  return texts.length === args.length ? texts : undefined;
};

/** "/a/b" of "/a/x/../b". */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else if (!path.startsWith("/")) parts.push(part);
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/") || ".";
}

/** Modules by name, without "node:". */
export function builtinModule(name: string, process: ScriptProcess, globals: ReadonlyMap<string, Value>): Value {
  const file = (kind: "read" | "list" | "exists"): ScriptObject =>
    ask((args) => {
      const path = textArgument(args);
      return path === undefined ? undefined : { kind, path: absolutePath(path, process.workingDirectory) };
    });
  switch (name) {
    case "fs":
      return objectOf({ existsSync: file("exists"), readFileSync: file("read"), readdirSync: file("list") }, { isOpen: true });
    case "path":
    case "path/posix":
      return pathModule(process);
    case "os":
      return objectOf(
        { platform: plainFunction(() => "linux"), arch: plainFunction(() => process.arch), type: plainFunction(() => "Linux"), EOL: "\n" },
        { isOpen: true },
      );
    case "process":
      return globals.get("process");
    case "url":
      return objectOf(
        {
          fileURLToPath: plainFunction(([url]) => pathOfUrl(url)),
          pathToFileURL: plainFunction(([path]) => urlOfPath(path, process)),
          URL: globals.get("URL"),
        },
        { isOpen: true },
      );
    default:
      return new ScriptObject({ isOpen: true });
  }
}

function pathModule({ workingDirectory }: ScriptProcess): ScriptObject {
  const join = plainFunction((args) => {
    const parts = allTexts(args);
    return parts === undefined ? UNKNOWN : normal(parts.filter((one) => one !== "").join("/"));
  });
  const resolve = plainFunction((args) => {
    const parts = allTexts(args);
    return parts === undefined ? UNKNOWN : normal(parts.reduce((folder, part) => absolutePath(part, folder), workingDirectory));
  });
  const made = objectOf(
    {
      join,
      resolve,
      dirname: plainFunction((args) => withText(args, (path) => (path.includes("/") ? folderOf(path) : "."))),
      basename: plainFunction((args) => (args.length === 1 ? withText(args, lastPart) : UNKNOWN)),
      extname: plainFunction((args) => withText(args, (path) => /.(\.[^./]*)$/.exec(lastPart(path))?.[1] ?? "")),
      normalize: plainFunction((args) => withText(args, normal)),
      sep: "/",
      delimiter: ":",
    },
    { isOpen: true },
  );
  made.properties.set("posix", made);
  return made;
}

function withText(args: readonly Value[], compute: (text: string) => Value): Value {
  const text = textArgument(args);
  return text === undefined ? UNKNOWN : compute(text);
}

function pathOfUrl(url: Value): Value {
  const href = url instanceof ScriptObject ? url.properties.get("href") : url;
  return typeof href === "string" && href.startsWith("file:///") && !href.includes("%") ? href.slice("file://".length) : UNKNOWN;
}

/** Only of plain letters: everything else has codes of its own in URLs. */
function urlOfPath(path: Value, { workingDirectory }: ScriptProcess): Value {
  if (typeof path !== "string" || !/^[\w@./+-]+$/.test(path)) return UNKNOWN;
  return objectOf({ href: `file://${normal(absolutePath(path, workingDirectory))}` }, { isOpen: true });
}

/** What libraries that tell C libraries apart say: they read the program file itself, which no text of theirs shows. */
export function detectLibc({ libc }: ScriptProcess): Value {
  const isOther = libc === "musl";
  return objectOf(
    {
      GLIBC: "glibc",
      MUSL: "musl",
      familySync: plainFunction(() => libc),
      family: plainFunction(() => libc),
      isNonGlibcLinuxSync: plainFunction(() => isOther),
      isNonGlibcLinux: plainFunction(() => isOther),
    },
    { isOpen: true },
  );
}

/** What the package node-abi says: its table of versions is in a file that is not run. */
export function nodeAbi({ abi }: ScriptProcess): Value {
  return objectOf({ getAbi: plainFunction(() => abi ?? UNKNOWN) }, { isOpen: true });
}

/** Global variables; `isOwn`: for the program itself, which is told by its environment what to do, and not for packages. */
export function globalValues(process: ScriptProcess, { isOwn = false }: { readonly isOwn?: boolean } = {}): ReadonlyMap<string, Value> {
  const env = objectOf(Object.fromEntries(isOwn ? [] : process.env), { isOpen: isOwn });
  for (const name of OFTEN_SET) if (!env.properties.has(name)) env.properties.set(name, UNKNOWN);
  const header = objectOf({ glibcVersionRuntime: process.libc === "glibc" ? UNKNOWN_VERSION : undefined }, { isOpen: false });
  const report = objectOf({ header, sharedObjects: arrayOf(process.libc === "musl" ? ["/lib/ld-musl.so.1"] : []) });
  const processValue = objectOf(
    {
      platform: "linux",
      arch: process.arch,
      env,
      execPath: process.execPath,
      report: objectOf({ getReport: plainFunction(() => report) }, { isOpen: true }),
      cwd: plainFunction(() => process.workingDirectory),
      versions: objectOf(
        {
          ...given({ node: process.version, modules: process.abi }),
          electron: undefined,
          bun: undefined,
          deno: undefined,
          "node-webkit": undefined,
          nw: undefined,
          webcontainer: undefined,
        },
        { isOpen: true },
      ),
      pkg: undefined,
      type: undefined,
      browser: undefined,
      isBun: undefined,
      resourcesPath: undefined,
      __nwjs: undefined,
      exit: stops,
    },
    { isOpen: true },
  );
  const values = new Map<string, Value>([
    ["process", processValue],
    ["console", new ScriptObject({ isOpen: true })],
    ["Object", objectGlobal()],
    [
      "Array",
      objectOf(
        {
          isArray: plainFunction(([one]) =>
            one instanceof ScriptObject
              ? one.items !== undefined
                ? true
                : one.isOpen
                  ? UNKNOWN
                  : false
              : one === UNKNOWN
                ? UNKNOWN
                : false,
          ),
        },
        { isOpen: true },
      ),
    ],
    ["Boolean", plainFunction(([one]) => truth(one))],
    ["String", plainFunction(([one]) => (one === UNKNOWN || one instanceof ScriptObject ? UNKNOWN : String(one)))],
    ["URL", urlGlobal()],
  ]);
  const all = objectOf(Object.fromEntries(values), { isOpen: true });
  return new Map([...values, ["globalThis", all], ["global", all]]);
}

/** Some text; nobody compares it with anything but nothing. */
const UNKNOWN_VERSION = "2.36";

/** What comes after it does not run. */
const stops = new ScriptObject({
  // oxlint-disable-next-line require-yield -- as all functions of ours
  call: function* call([code]): Generator<Need, Value, Answer> {
    throw new ProgramEnd(typeof code === "number" && code !== 0);
  },
});

/** The program ended by its own will. */
export class ProgramEnd {
  /** It said so itself, by its exit code. */
  readonly isFailure: boolean;
  /** What could not be loaded, if it ends because of that. */
  readonly cause: Missed | undefined;

  constructor(isFailure: boolean, cause?: Missed) {
    this.isFailure = isFailure;
    this.cause = cause;
  }
}

function objectGlobal(): ScriptObject {
  const first = (args: readonly Value[]): Value => args[0];
  const closed = (value: Value): ScriptObject | undefined =>
    value instanceof ScriptObject && !value.isOpen && value.items === undefined ? value : undefined;
  return objectOf(
    {
      keys: plainFunction(([one]) => (closed(one) === undefined ? UNKNOWN : arrayOf([...(closed(one)?.properties.keys() ?? [])]))),
      values: plainFunction(([one]) => (closed(one) === undefined ? UNKNOWN : arrayOf([...(closed(one)?.properties.values() ?? [])]))),
      entries: plainFunction(([one]) =>
        closed(one) === undefined ? UNKNOWN : arrayOf([...(closed(one)?.properties ?? [])].map(([name, value]) => arrayOf([name, value]))),
      ),
      freeze: plainFunction(first),
      defineProperty: plainFunction(([one, name, descriptor]) => {
        if (one instanceof ScriptObject && typeof name === "string")
          one.properties.set(
            name,
            descriptor instanceof ScriptObject && descriptor.properties.has("value") ? descriptor.properties.get("value") : UNKNOWN,
          );
        return one;
      }),
      assign: plainFunction(([one, ...others]) => {
        if (!(one instanceof ScriptObject)) return UNKNOWN;
        for (const other of others) {
          if (!(other instanceof ScriptObject) || other.isOpen) one.isOpen ||= other !== undefined && other !== null;
          if (other instanceof ScriptObject) for (const [name, value] of other.properties) one.properties.set(name, value);
        }
        return one;
      }),
    },
    { isOpen: true },
  );
}

function urlGlobal(): ScriptObject {
  return plainFunction(([relative, base]) => {
    const from = base instanceof ScriptObject ? base.properties.get("href") : base;
    if (typeof relative !== "string") return UNKNOWN;
    const absolute = /^file:(?:\/\/)?(\/(?!\/)[^?#%]*)$/.exec(relative)?.[1];
    if (absolute !== undefined) return objectOf({ href: `file://${normal(absolute)}` }, { isOpen: true });
    if (typeof from !== "string" || !from.startsWith("file:///") || /^[a-z][a-z0-9+.-]*:|%/i.test(relative)) return UNKNOWN;
    const path = normal(absolutePath(relative.replace(/[?#].*$/, ""), folderOf(from.slice("file://".length))));
    return objectOf({ href: `file://${path}` }, { isOpen: true });
  });
}
