/**
 * Keeps the direction of imports of docs/architecture.md: a room imports only from rooms above it. Prints each offending import. Keeps
 * native code, processes, the network, the opening of files and unbounded fan-out in their places, too.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOMS = [
  "top",
  "sys",
  "net",
  "oci",
  "store",
  "tree",
  "elf",
  "facts",
  "registry",
  "dockerfile",
  "graph",
  "engine",
  "image",
  "debian",
  "distroless",
  "sbom",
  "audit",
  "context",
  "project",
  "build",
  "api",
  "index",
  "cli",
] as const;
/** Rooms and files that may not touch files, processes or the network: text and values in, values out. */
const PURE = [
  /^src\/oci\//,
  /^src\/dockerfile\//,
  /^src\/graph\//,
  /^src\/debian\/(binary-package|candidates|chosen|contents-file|control|explain|package-index|resol[a-z]+|select|sorted-lines|version)\.ts$/,
  /^src\/report\/model\.ts$/,
];
const IMPURE = /^node:(fs|child_process|http|https|net|worker_threads)/;
/** Rooms that are pure as a whole: of others a pure file takes types only. */
const PURE_ROOMS = ["top", "oci", "dockerfile", "graph"];
/** The only places for native code, and for starting processes. */
const KOFFI = /^src\/sys\//;
/** The only place that opens connections to other machines. */
const NET = /^src\/net\//;
/** The built-in fetch, and the modules below it; `node:net` is also for sockets of this machine. */
const NETWORK = /(?<![\w.])fetch\(|globalThis\.fetch|typeof fetch\b|"node:(?:https?|http2|tls|dns|dgram)(?:\/promises)?"|"undici"/;
/** `Promise.all` of anything but a list that is written out: it may start any amount of work at once. */
const FAN_OUT = /Promise\.(?:all|allSettled|any|race)\((?!\[(?![^\]]*\.\.\.))/;

/**
 * The only files that may open files by themselves: what they open, Decant has written, or the kernel makes up, or it is an entry of a tree. All
 * others read what somebody named by `readNamedFile` and its siblings (src/sys/named-file.ts): bounded, regular, and in the folder it belongs to.
 */
const OPENERS = [
  /^src\/(sys|store)\//,
  // Entries of trees.
  /^src\/tree\/(host-files|host-tree|unpack-tree|unpacker)\.ts$/,
  // Blobs and work files of the store.
  /^src\/(tree\/layer-store|debian\/kept-table|distroless\/spool|engine\/ops\/http-source|api\/run-handle)\.ts$/,
  // The bundle of a step and its log, cache mounts, /proc and /sys, the host's resolv.conf.
  /^src\/engine\/(sandbox\/[a-z-]+|ops\/(exec-op|cache-mounts))\.ts$/,
  // What is exported.
  /^src\/image\/output-file\.ts$/,
];
const OPENS = new Set(["createReadStream", "open", "openAsBlob", "openSync", "readFile", "readFileSync"]);

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

const problems: string[] = [];
for (const file of globSync("src/**/*.ts").toSorted()) {
  if (file.endsWith(".test.ts")) continue;
  const room = roomOf(file);
  const rank = ROOMS.indexOf(room as (typeof ROOMS)[number]);
  if (rank < 0) problems.push(`${file}: room "${room}" is not in the list`);
  const text = readFileSync(file, "utf8");
  if (file !== "src/async.ts" && text.search(FAN_OUT) >= 0)
    problems.push(`${file}: fan out with pool() of src/async.ts, and wait with allOf()`);
  if (!OPENERS.some((opener) => opener.test(file)))
    for (const name of openersIn(text)) problems.push(`${file} -> node:fs ${name}: read named files by readNamedFile of src/sys`);
  if (!NET.test(file) && NETWORK.test(text)) problems.push(`${file}: requests go by src/net`);
  for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g)) {
    const target = match[1] ?? match[2] ?? "";
    const isTypes = /^\s*(?:import|export) type\b/.test(match[0]);
    if (PURE.some((pure) => pure.test(file)) && IMPURE.test(target)) problems.push(`${file} -> ${target}: this room is pure`);
    if (target === "koffi" && !KOFFI.test(file)) problems.push(`${file} -> koffi: native calls live in src/sys`);
    if (target === "node:child_process" && !KOFFI.test(file)) problems.push(`${file} -> ${target}: processes are started in src/sys`);
    if (!target.startsWith(".")) continue;
    const to = normalize(join(dirname(file), target));
    if (!to.startsWith("src/")) {
      problems.push(`${file} -> ${to}: leaves src`);
      continue;
    }
    const toRoom = roomOf(to);
    if (toRoom === room) continue;
    if (!isTypes && !PURE_ROOMS.includes(toRoom) && PURE.some((pure) => pure.test(file)))
      problems.push(`${file} -> ${to}: a pure file takes only types of ${toRoom}`);
    if (ROOMS.indexOf(toRoom as (typeof ROOMS)[number]) > rank)
      problems.push(`${file} (${room}) -> ${to} (${toRoom}): imports point upwards only`);
    if (toRoom !== "top" && !to.endsWith("/index.ts")) problems.push(`${file} -> ${to}: import the room's face, src/${toRoom}/index.ts`);
  }
}
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "layers: ok" : `layers: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
