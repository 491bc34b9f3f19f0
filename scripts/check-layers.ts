/**
 * Keeps the direction of imports of docs/architecture.md: a room imports only from rooms above it. Prints each offending import. Keeps
 * native code, processes, the network, the opening of files and unbounded fan-out in their places, too. Refuses circles of files (also of
 * types alone), and exports that nobody takes.
 */
import { circles, deadExports, type Module, readModules, type Taken } from "./modules.ts";

const ME = "scripts/check-layers.ts";
const ROOMS: readonly string[] = [
  "top",
  "sys",
  "net",
  "oci",
  "store",
  "tree",
  "elf",
  "facts",
  "secrets",
  "registry",
  "daemon",
  "dockerfile",
  "graph",
  "engine",
  "image",
  "signatures",
  "debian",
  "distroless",
  "sbom",
  "audit",
  "context",
  "caches",
  "containers",
  "project",
  "report",
  "build",
  "api",
  "buildkit",
  "index",
  "cli",
];
/** Rooms and files that may not touch files, processes or the network: text and values in, values out. */
const PURE = [
  /^src\/oci\//,
  /^src\/dockerfile\//,
  /^src\/graph\//,
  /^src\/debian\/(binary-package|candidates|chosen|contents-file|control|explain|package-index|resol[a-z]+|select|sorted-lines|version)\.ts$/,
];
const IMPURE = /^node:(fs|child_process|http|https|net|worker_threads)/;
/** Rooms that are pure as a whole: of others a pure file takes types only. */
const PURE_ROOMS = ["top", "oci", "dockerfile", "graph"];
/** The only places for native code, and for starting processes. */
const KOFFI = /^src\/sys\//;
/** The only place that opens connections to other machines. */
const NET = /^src\/net\//;
/** Who serves others: connections that come in, and the protocol on them. It opens none to other machines. */
const SERVES = /^src\/buildkit\/(grpc\/(?:client|server|errors)|serve\/doors)\.ts$/;
/** The built-in fetch, and the modules below it; `node:net` is also for sockets of this machine. */
const NETWORK = /(?<![\w.])fetch\(|globalThis\.fetch|typeof fetch\b|"node:(?:https?|http2|tls|dns|dgram)(?:\/promises)?"|"undici"/;
/** The only places that make links, devices and pipes: entries of layers and trees, and the bundle of a step. */
const MAKERS = [/^src\/sys\//, /^src\/tree\/make-entry\.ts$/, /^src\/engine\/sandbox\/bundle\.ts$/];
const MAKES = /^\s*(?:symlink|link|lchown|mknod)(?:Sync)?\b|^\s*makeNode\b/;
/** `Promise.all` of anything but a list that is written out: it may start any amount of work at once. */
const FAN_OUT = /Promise\.(?:all|allSettled|any|race)\((?!\[(?![^\]]*\.\.\.))/;

/** Node's way to make a directory with its parents: it never ends below /proc. */
const PARENTS = /\bmkdir(?:Sync)?\([^;]*recursive: true/;

/**
 * The only files that may open files by themselves: what they open, Decant has written, or the kernel makes up, or it is an entry of a tree. All
 * others read what somebody named by `readNamedFile` and its siblings (src/sys/named-file.ts): bounded, regular, and in the folder it belongs to.
 */
const OPENERS = [
  /^src\/(sys|store)\//,
  // Entries of trees.
  /^src\/tree\/(host-files|host-digest|make-entry)\.ts$/,
  // Blobs and work files of the store.
  /^src\/(tree\/(layer-store|scratch-file)|debian\/kept-table|distroless\/spool|engine\/ops\/http-source|api\/run-handle)\.ts$/,
  // The bundle of a step and its log, cache mounts, /proc and /sys, the host's resolv.conf.
  /^src\/engine\/(sandbox\/[a-z-]+|ops\/(step-log|cache-mounts))\.ts$/,
  // The folder of a socket in the store.
  /^src\/containers\/requests\.ts$/,
  // What is exported.
  /^src\/image\/output-file\.ts$/,
];
const OPENS = new Set(["createReadStream", "open", "openAsBlob", "openSync", "readFile", "readFileSync"]);

/** Does this text import what makes links, devices or pipes? */
function importsMaker(text: string): boolean {
  return [...text.matchAll(/import\s+\{([^}]*)\}\s+from\s+"(?:node:fs(?:\/promises)?|[./]+\/sys\/index\.ts)"/g)].some(([, names = ""]) =>
    names.split(",").some((name) => MAKES.test(name)),
  );
}

/** Functions of node:fs that open files for reading and that this text imports; "*" for all of them. */
function openersIn(text: string): string[] {
  return [...text.matchAll(/(?:^|\n)\s*import\s+(?!type\b)([^;]*?)\s+from\s+"(?:node:)?fs(?:\/promises)?"/g)].flatMap(([, names = ""]) =>
    /^\{[^}]*\}$/.test(names)
      ? names
          .slice(1, -1)
          .split(",")
          .map((name) => name.trim().split(/\s+/)[0] ?? "")
          .filter((name) => OPENS.has(name))
      : ["*"],
  );
}

function roomOf(file: string): string {
  const inside = file.slice("src/".length);
  if (!inside.includes("/")) return inside === "index.ts" ? "index" : "top";
  return inside.slice(0, inside.indexOf("/"));
}

/** Made of .proto files, which say more than is used here. */
const GENERATED = /^src\/buildkit\/wire\/(?:services\/)?\w+_pb\.ts$/;

/** Faces whose names belong to users of the library. */
const PUBLIC = new Set(["src/index.ts", "src/api/index.ts"]);

/** The only files that import fast-check: property tests take it with the seed of this run, and the fuzzer of the parser has a seed of its own. */
const FAST_CHECK = new Set(["test/support/property.ts", "scripts/fuzz-parser.ts"]);

/** What one file must not do. */
function problemsOf({ file, text, taken, packages }: Module): string[] {
  const problems: string[] = [];
  if (file !== "src/async.ts" && text.search(FAN_OUT) >= 0)
    problems.push(`${file}: fan out with pool() of src/async.ts, and wait with allOf()`);
  if (!OPENERS.some((opener) => opener.test(file)))
    for (const name of openersIn(text)) problems.push(`${file} -> node:fs ${name}: read named files by readNamedFile of src/sys`);
  if (!MAKERS.some((maker) => maker.test(file)) && importsMaker(text)) problems.push(`${file}: entries are made by src/tree/make-entry.ts`);
  if (text.search(PARENTS) >= 0) problems.push(`${file}: make directories with their parents by makeFolders() of src/sys`);
  if (!NET.test(file) && !SERVES.test(file) && NETWORK.test(text)) problems.push(`${file}: requests go by src/net`);
  const isPure = PURE.some((pure) => pure.test(file));
  for (const name of packages) {
    if (isPure && IMPURE.test(name)) problems.push(`${file} -> ${name}: this room is pure`);
    if (KOFFI.test(file)) continue;
    if (name === "koffi") problems.push(`${file} -> koffi: native calls live in src/sys`);
    if (name === "node:child_process") problems.push(`${file} -> ${name}: processes are started in src/sys`);
  }
  return [...problems, ...taken.flatMap((one) => importProblems(file, one, isPure))];
}

function importProblems(file: string, { from, isTypes }: Taken, isPure: boolean): string[] {
  if (!from.startsWith("src/")) return [`${file} -> ${from}: leaves src`];
  const [room, toRoom] = [roomOf(file), roomOf(from)];
  if (toRoom === room) return [];
  const problems: string[] = [];
  if (isPure && !isTypes && !PURE_ROOMS.includes(toRoom)) problems.push(`${file} -> ${from}: a pure file takes only types of ${toRoom}`);
  if (ROOMS.indexOf(toRoom) > ROOMS.indexOf(room)) problems.push(`${file} (${room}) -> ${from} (${toRoom}): imports point upwards only`);
  if (toRoom !== "top" && !from.endsWith("/index.ts")) problems.push(`${file} -> ${from}: import the room's face, src/${toRoom}/index.ts`);
  return problems;
}

/** Rooms and patterns of the lists above that fit no file, and rooms that are not in the list. */
function listProblems(files: readonly string[]): string[] {
  const rooms = new Set(files.map(roomOf));
  const lists = { PURE, OPENERS, MAKERS, SERVES: [SERVES], GENERATED: [GENERATED] };
  return [
    ...ROOMS.filter((room) => !rooms.has(room)).map((room) => `${ME}: there is no room "${room}"`),
    ...[...rooms].filter((room) => !ROOMS.includes(room)).map((room) => `${ME}: room "${room}" is not in the list`),
    ...Object.entries(lists).flatMap(([name, patterns]) =>
      patterns
        .filter((pattern) => !files.some((file) => pattern.test(file)))
        .map((pattern) => `${ME}: ${name} has ${pattern}, which fits no file`),
    ),
  ];
}

const modules = readModules(["src/**/*.ts", "test/**/*.ts", "scripts/**/*.ts", "bench/**/*.ts"]);
const program = modules.filter((module) => !module.isTest);
const problems = [
  ...listProblems(program.map(({ file }) => file)),
  ...program.flatMap(problemsOf),
  ...modules
    .filter(({ file, packages }) => packages.includes("fast-check") && !FAST_CHECK.has(file))
    .map(({ file }) => `${file} -> fast-check: take fc from test/support/property.ts`),
  ...circles(program).map((way) => `${[...way, way[0]].join(" -> ")}: a circle`),
  ...deadExports(modules, (file) => PUBLIC.has(file) || GENERATED.test(file)).map((name) => `${name}: exported, and nobody needs it`),
];
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "layers: ok" : `layers: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
