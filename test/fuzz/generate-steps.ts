/** Instructions from a seed: what stands in a stage below its FROM. */
import type { Random } from "./random.ts";
import { DESTINATIONS, EXCLUDES, METADATA, MODES, NUMBERS, OWNERS, SHELL, VALUES } from "./vocabulary.ts";

/** What instructions may refer to. */
export interface StageView {
  /** Steps can run: it stands on busybox. */
  readonly runs: boolean;
  /** Paths of the context. */
  readonly context: readonly string[];
  /** Some of them are taken away. */
  readonly ignoring: boolean;
  /** Names or numbers of earlier stages, with paths that may be there. */
  readonly stages: readonly { readonly name: string; readonly paths: readonly string[] }[];
  /** Paths that this stage may have by now. Grows. */
  readonly paths: string[];
}

/** One instruction, or a few that belong together. */
export function generateStep(random: Random, view: StageView): string[] {
  const kind = random.weighted([
    [8, "copy"],
    [3, "copy-from"],
    [3, "add"],
    [3, "heredoc"],
    [view.runs ? 8 : 0, "run"],
    [3, "env"],
    [2, "arg"],
    [1, "label"],
    [3, "workdir"],
    [view.runs ? 1.5 : 0.3, "user"],
    [3, "metadata"],
    [0.7, "shell"],
    [1.2, "onbuild"],
  ] as const);
  switch (kind) {
    case "copy":
      return [copy(random, view)];
    case "copy-from":
      return [copyFrom(random, view) ?? copy(random, view)];
    case "add":
      return [add(random, view)];
    case "heredoc":
      return [heredoc(random, view)];
    case "run":
      return [run(random, view)];
    case "env":
      return [environment(random)];
    case "arg":
      return [`ARG ${random.pick(["A", "B", "C", "M"])}${random.chance(0.7) ? `=${random.pick(VALUES)}` : ""}`];
    case "label":
      return [`LABEL ${random.pick(["a", "b", '"c d"'])}=${random.pick(VALUES)} e=${random.pick(VALUES)}`];
    case "workdir":
      return [`WORKDIR ${random.pick(["/w", "rel", "/", "../x", "/d/s", "$A", "/l/in", "/w//y/", "${B:-b}/c"])}`];
    case "user":
      return [`USER ${view.runs ? random.pick(["app", "5:6", "app:extra", "0", "root", "7"]) : random.pick(["5:6", "0"])}`];
    case "metadata":
      return [random.pick(METADATA)];
    case "shell":
      return [view.runs ? random.pick(['SHELL ["/bin/sh", "-ec"]', 'SHELL ["/bin/sh", "-c"]']) : 'SHELL ["/s", "-x"]'];
    case "onbuild":
      return [
        `ONBUILD ${random.pick([environment(random), copy(random, view), "WORKDIR /trigger", random.pick(METADATA).replace("MAINTAINER", "LABEL m="), ...(view.runs ? [run(random, view)] : [])])}`,
      ];
    default:
      return kind satisfies never;
  }
}

function copy(random: Random, view: StageView): string {
  return transfer(random, view, "COPY", [], view.context, view.ignoring);
}

function copyFrom(random: Random, view: StageView): string | undefined {
  const [first, ...others] = view.stages;
  if (first === undefined) return undefined;
  const { name, paths } = random.pick([first, ...others]);
  return transfer(random, view, "COPY", [`--from=${name}`], paths.length > 0 ? paths : ["/"], true);
}

function add(random: Random, view: StageView): string {
  const archive = view.context.includes("t.tar") && random.chance(0.7);
  return transfer(random, view, "ADD", [], archive ? ["t.tar"] : view.context, view.ignoring);
}

/** COPY or ADD with flags, sources of every form and a destination. `doubtful`: the paths may not be there. */
function transfer(
  random: Random,
  view: StageView,
  word: string,
  given: readonly string[],
  paths: readonly string[],
  doubtful: boolean,
): string {
  const flags = [...given, ...transferFlags(random, view)];
  if (word === "COPY" && random.chance(0.1)) return withParents(random, view, flags, paths);
  const count = random.weighted([
    [7, 1],
    [2, 2],
    [1, 3],
  ] as const);
  const sources = Array.from({ length: count }, () => source(random, paths, doubtful && random.chance(0.85)));
  const dest = destination(random, view);
  for (const path of sources) view.paths.push(dest.endsWith("/") ? `${dest}${path.split("/").at(-1) ?? ""}` : dest);
  const words = [...sources, dest];
  const asJson = words.some((text) => text.includes(" ")) || random.chance(0.1);
  return [word, ...flags, asJson ? `[${words.map((text) => JSON.stringify(text)).join(", ")}]` : words.join(" ")].join(" ");
}

/** COPY --parents: sources with a pivot ("/./") or without, and wildcards over folders. */
function withParents(random: Random, view: StageView, flags: readonly string[], paths: readonly string[]): string {
  const sources = Array.from({ length: 1 + random.below(2) }, () => {
    const path = random.pick([paths[0] ?? "f", ...paths]).replace(/^\//, "");
    const [first = "", ...rest] = path.split("/");
    return random.weighted([
      [4, path],
      [2, rest.length === 0 ? `./${path}` : `${first}/./${rest.join("/")}`],
      [2, "**/g.txt"],
      [1, `*/./${rest.at(-1) ?? "f"}`],
      [1, `${first}/*`],
      [1, `./${first}/./`],
    ]);
  });
  const dest = random.pick(["/out/", "/p/", "./", "/d/"]);
  view.paths.push(...sources.map((path) => `${dest}${path}`));
  const words = [...sources, dest];
  const asJson = words.some((text) => text.includes(" "));
  return ["COPY", "--parents", ...flags, asJson ? `[${words.map((text) => JSON.stringify(text)).join(", ")}]` : words.join(" ")].join(" ");
}

function transferFlags(random: Random, view: StageView): string[] {
  const flags: string[] = [];
  if (random.chance(0.2)) flags.push("--link");
  if (random.chance(0.2)) flags.push(`--chown=${view.runs && !flags.includes("--link") ? random.pick(OWNERS) : random.pick(NUMBERS)}`);
  if (random.chance(0.2)) flags.push(`--chmod=${random.pick(MODES).replace("$M", "${M:-604}")}`);
  for (let left = random.below(3); left > 0 && random.chance(0.3); left -= 1) flags.push(`--exclude=${random.pick(EXCLUDES)}`);
  return flags;
}

function source(random: Random, paths: readonly string[], doubtful: boolean): string {
  const path = random.pick([paths[0] ?? "f", ...paths]);
  const parts = path.split("/");
  const folder = parts.slice(0, -1).join("/");
  const name = parts.at(-1) ?? "";
  const escaped = path.replace(/\[/g, "[[]");
  // A wildcard may match nothing.
  const literal = doubtful ? escaped.replace(/^(\/?)(\w)/, "$1[$2]") : escaped;
  const above = doubtful ? folder.replace(/^(\/?)(\w)/, "$1[$2]") : folder;
  return random.weighted([
    [8, literal],
    [1, `${literal}/`],
    [1, `./${literal}`],
    [1, `/${literal}`],
    [2, folder === "" ? "." : above],
    [1, folder === "" ? "./" : `${above}/.`],
    [1.5, `${folder === "" ? "" : `${above}/`}*`],
    [1, `${folder === "" ? "" : `${above}/`}${name.slice(0, 1)}*`],
    [0.7, "*.txt"],
    [0.5, "*/[a-g]*"],
    [0.5, `../${literal}`],
    [0.5, `${folder === "" ? "d" : folder}/../${literal}`],
    [0.4, "nothing*"],
    [0.5, "[^b]*"],
    [0.3, "**/f"],
  ]);
}

function destination(random: Random, view: StageView): string {
  const known = view.paths.at(-1);
  return known !== undefined && random.chance(0.15) ? `${known}${random.chance(0.3) ? "/" : ""}` : random.pick(DESTINATIONS);
}

function heredoc(random: Random, view: StageView): string {
  const dest = random.pick(["/here", "/out/", "/out/here", "here", "/d/f", "/d/"]);
  view.paths.push(dest.endsWith("/") ? `${dest}EOF` : dest);
  const flags = [
    ...(random.chance(0.2) ? [`--chmod=${random.pick(["755", "u+x", "0600"])}`] : []),
    ...(random.chance(0.2) ? [`--chown=${random.pick(NUMBERS)}`] : []),
    ...(random.chance(0.1) ? ["--link"] : []),
  ];
  const head = [random.pick(["COPY", "COPY", "ADD"]), ...flags].join(" ");
  const forms = [
    `${head} <<EOF ${dest}\nhello $A \${B:-b}\n  indented \\$A 'q'\nEOF`,
    `${head} <<'EOF' ${dest}\nquoted $A\nEOF`,
    `${head} <<-EOF ${dest}\n\ttabs\n\t\tmore $A\n\tEOF`,
    `${head} <<one <<"two" /multi/\nfirst $A\none\nsecond $A\ntwo`,
    `${head} <<EOF ${dest}\nEOF`,
  ];
  if (view.runs) {
    forms.push(`RUN <<EOF\nmkdir -p /out\necho "$A" > /out/script\nEOF`, `RUN <<'EOF' cat > /tmp/cat\ntext $A\nEOF`);
    forms.push("RUN <<EOF\n#!/bin/sh\necho $0 | sed 's/.*EOF/EOF/' > /tmp/zero\nEOF", "RUN cat <<a <<b > /tmp/ab\n1\na\n2 $B\nb");
  }
  return random.pick([forms[0] ?? "", ...forms]);
}

function run(random: Random, view: StageView): string {
  const commands: string[] = Array.from({ length: 1 + random.below(3) }, () => random.pick(SHELL));
  for (const path of ["/d", "/out", "/moved", "/copy", "/l", "/vars", "/tmp"]) if (random.chance(0.2)) view.paths.push(path);
  if (random.chance(0.08)) return `RUN ["/bin/sh", "-c", ${JSON.stringify(`${commands[0] ?? "true"} || true`)}]`;
  const mounts: string[] = [];
  if (random.chance(0.12)) {
    mounts.push(
      random.pick([
        "--mount=target=/m",
        "--mount=type=tmpfs,target=/d",
        "--mount=type=cache,id=fuzz-$A,target=/c/new",
        "--mount=target=/m/deep,rw",
        ...view.stages.map(({ name }) => `--mount=from=${name},target=/m`),
        ...view.stages.map(({ name }) => `--mount=from=${name},source=/${random.pick(["d", "out", "etc"])},target=/m,rw`),
      ]),
    );
    commands.push("find /m | grep -v busybox | sort > /tmp/mounted");
  }
  const joined = commands.map((command) => `{ ${command}; } 2>/dev/null`).join(random.pick(["; ", "; \\\n  ", "; \\\n# comment\n  "]));
  return ["RUN", ...mounts, `${joined}; true`].join(" ");
}

function environment(random: Random): string {
  const name = random.pick(["A", "B", "C"]);
  if (random.chance(0.15)) return `ENV ${name} ${random.pick(VALUES)} rest`;
  const more = random.chance(0.4) ? `${random.pick([" ", " \\\n    "])}${random.pick(["A", "B", "C"])}=${random.pick(VALUES)}` : "";
  return `ENV ${name}=${random.pick(VALUES)}${more}`;
}
