/** Contexts and bases from a seed. Few names, so that things meet: links to what is there, files under names of other steps. */
import type { TarMember } from "../support/archive.ts";
import { dir, fifo, file, hardlink, symlink, tar } from "../conformance/files.ts";
import type { Base } from "../conformance/types.ts";
import { ARCHIVE_TIME, generateArchive, owner } from "./generate-archive.ts";
import type { Random } from "./random.ts";
import type { Planted } from "./types.ts";
import { CONTENTS, FILE_MODES, FOLDER_MODES } from "./vocabulary.ts";

const FOLDERS = ["d", "e", "d/s", "d/s/t", "e/s", ".h"] as const;
const NAMES = ["f", "g.txt", "h.log", "x.txt", ".dot", "a b", "k[1]"] as const;
const IGNORES = [
  "*.log",
  "d/*",
  "!d/f",
  "**/*.txt",
  "**",
  "!d",
  "e/",
  "/f",
  "d/s/**",
  "# comment",
  "!**/g.txt",
  "?.txt",
  "*/f",
  "[a-e]/s",
  ".*",
  "!e/s",
  "d",
  "!d/s/t",
  "**/t",
  "d/../e",
  "./x.txt",
  "  g.txt  ",
  "**/s/*",
  "!**/s/f",
  "*",
  "!*.txt",
] as const;

/** A context: some folders, files, links of both kinds, a pipe now and then, archives, and an ignore file. */
export function generateContext(random: Random): Record<string, Planted> {
  const files: Record<string, Planted> = {};
  const plain: string[] = [];
  for (const folder of FOLDERS) {
    if (!random.chance(0.55)) continue;
    if (random.chance(0.6)) {
      const mode = random.pick(FOLDER_MODES);
      files[folder] = { spec: dir({ mode }), code: `dir({ mode: ${octal(mode)} })` };
    }
    for (const name of NAMES) if (random.chance(0.35)) plant(`${folder}/${name}`);
  }
  for (const name of NAMES) if (random.chance(0.4)) plant(name);
  if (plain.length === 0) plant("f");

  function plant(path: string): void {
    const first = plain.at(-1);
    if (first !== undefined && random.chance(0.1)) {
      files[path] = { spec: hardlink(first), code: `hardlink(${JSON.stringify(first)})` };
      return;
    }
    const content = random.pick(CONTENTS);
    const mode = random.pick(FILE_MODES);
    const isPlain = random.chance(0.6);
    files[path] = isPlain
      ? { spec: content, code: JSON.stringify(content) }
      : { spec: file(content, { mode }), code: `file(${JSON.stringify(content)}, { mode: ${octal(mode)} })` };
    plain.push(path);
  }

  // BuildKit takes such a target for a pattern: "a link to a file whose name is a pattern" of the conformance suite.
  const known = Object.keys(files).filter((path) => !path.includes("["));
  const targets = [...known, "/d", "/d/f", "nowhere", "../../f", ".", "d/s", "/", "e"] as const;
  for (const path of ["l", "m", "d/l", "e/m", "d/s/l"]) {
    if (!random.chance(0.25)) continue;
    const target = random.pick([targets[0] ?? "f", ...targets]);
    files[path] = { spec: symlink(target), code: `symlink(${JSON.stringify(target)})` };
  }
  if (random.chance(0.05)) files["d/pipe"] = { spec: fifo(), code: "fifo()" };
  if (random.chance(0.35)) {
    const compression = random.pick(["none", "gzip", "zstd"] as const);
    const members = random.chance(0.7) ? generateArchive(random) : generateMembers(random);
    files["t.tar"] = { spec: tar(members, compression), code: `tar(${JSON.stringify(members)}, ${JSON.stringify(compression)})` };
  }
  if (random.chance(0.3)) {
    const lines = Array.from({ length: 1 + random.below(4) }, () => random.pick(IGNORES));
    const text = `${[...lines, "!busybox"].join("\n")}\n`;
    files[".dockerignore"] = { spec: text, code: JSON.stringify(text) };
  }
  return files;
}

/** An image of a registry: one to three layers with links and whiteouts, and some configuration. */
export function generateBase(random: Random): Base {
  const seen: TarMember[] = [];
  const layers = Array.from({ length: 1 + random.below(3) }, () => {
    const members = generateMembers(random, seen);
    seen.push(...members);
    return members;
  });
  const config: Record<string, unknown> = {};
  if (random.chance(0.4)) config["Env"] = ["PATH=/bin", "A=base"];
  if (random.chance(0.2)) config["User"] = random.pick(["5:6", "7"]);
  if (random.chance(0.3)) config["WorkingDir"] = random.pick(["/w", "/d/s", "/new"]);
  if (random.chance(0.3)) config["Cmd"] = ["base"];
  if (random.chance(0.2)) config["Entrypoint"] = ["/e"];
  if (random.chance(0.2)) config["OnBuild"] = random.pick([["ENV B=trigger"], ["WORKDIR /trigger", "LABEL t=$A"]]);
  if (random.chance(0.2)) config["Labels"] = { a: "base" };
  return { config, layers };
}

/** Members in the order that tar writes them; with `layers` below, those of a layer: whiteouts of what is there, and opaque marks. */
function generateMembers(random: Random, layers?: readonly TarMember[]): TarMember[] {
  const members: TarMember[] = [];
  const below = layers ?? [];
  const isLayer = layers !== undefined;
  const mtime = ARCHIVE_TIME;
  const free = (path: string): boolean => ![...below, ...members].some((member) => member.path.replace(/\/$/, "") === path);
  for (const folder of ["d", "d/s", "e", "out", "w"]) {
    if (folder === "d/s" && !members.some(({ path }) => path === "d/")) continue;
    const before = below.find((member) => member.path.replace(/\/$/, "") === folder);
    if ((before !== undefined && before.type !== "dir") || !random.chance(0.5)) continue;
    // Over a directory of a layer below, an entry for it may be missing.
    if (before === undefined || random.chance(0.6))
      members.push({ path: `${folder}/`, type: "dir", mode: random.pick(FOLDER_MODES), mtime, ...owner(random) });
    for (const name of ["f", "g.txt", "q"]) {
      if (!random.chance(0.5)) continue;
      const path = `${folder}/${name}`;
      const covered = below.some((member) => member.path === path);
      if (covered && random.chance(0.5)) members.push({ path: `${folder}/.wh.${name}`, content: "" });
      else members.push({ path, content: random.pick(CONTENTS), mode: random.pick(FILE_MODES), mtime, ...owner(random) });
    }
    if (free(`${folder}/l`) && random.chance(0.4))
      members.push({ path: `${folder}/l`, type: "symlink", link: random.pick(["f", "/out", "../e", "/nowhere", "/d/f"]), mtime });
    if (isLayer && random.chance(0.1)) members.push({ path: `${folder}/.wh..wh..opq`, content: "", mtime });
    const linked = members.find(
      (member) => member.path.startsWith(`${folder}/`) && member.type === undefined && !member.path.includes(".wh."),
    );
    if (linked !== undefined && free(`${folder}/hard`) && random.chance(0.3))
      members.push({ ...linked, path: `${folder}/hard`, type: "hardlink", link: linked.path, content: "", ...owner(random) });
  }
  if (random.chance(0.1)) members.unshift({ path: "./", type: "dir", mode: random.pick(FOLDER_MODES), mtime, ...owner(random) });
  if (isLayer && random.chance(0.05)) members.push({ path: ".wh..wh..opq", content: "", mtime });
  if (free("l") && random.chance(0.4))
    members.push({ path: "l", type: "symlink", link: random.pick(["d", "/out", "e/f", "/nowhere"]), mtime });
  if (members.length === 0) members.push({ path: "only", content: "only\n", mtime });
  return members;
}

function octal(mode: number): string {
  return `0o${mode.toString(8)}`;
}
