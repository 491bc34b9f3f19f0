/**
 * Keeps the direction of imports of design.md section 4: a room imports only from rooms above it. Prints each offending import. Keeps
 * native code, processes, the network and unbounded fan-out in their places, too.
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
  "registry",
  "dockerfile",
  "graph",
  "engine",
  "image",
  "debian",
  "distroless",
  "sbom",
  "audit",
  "buildkit",
  "report",
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
/** The only places for native code, and for starting processes. */
const KOFFI = /^src\/sys\//;
/** The only place that opens connections to other machines. */
const NET = /^src\/net\//;
/** The built-in fetch, and the modules below it; `node:net` is also for sockets of this machine. */
const NETWORK = /(?<![\w.])fetch\(|globalThis\.fetch|typeof fetch\b|"node:(?:https?|http2|tls|dns|dgram)(?:\/promises)?"|"undici"/;
/** `Promise.all` of anything but a list that is written out: it may start any amount of work at once. */
const FAN_OUT = /Promise\.(?:all|allSettled|any|race)\((?!\[(?![^\]]*\.\.\.))/;

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
  if (!NET.test(file) && NETWORK.test(text)) problems.push(`${file}: requests go by src/net`);
  for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g)) {
    const target = match[1] ?? match[2] ?? "";
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
    if (ROOMS.indexOf(toRoom as (typeof ROOMS)[number]) > rank)
      problems.push(`${file} (${room}) -> ${to} (${toRoom}): imports point upwards only`);
    if (toRoom !== "top" && !to.endsWith("/index.ts")) problems.push(`${file} -> ${to}: import the room's face, src/${toRoom}/index.ts`);
  }
}
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "layers: ok" : `layers: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
