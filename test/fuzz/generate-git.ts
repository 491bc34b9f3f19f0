/** Git repositories from a seed (L3): branches, tags of both kinds, submodules in submodules; and references that ADD and contexts take of them. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { given } from "../../src/given.ts";
import type { TestRepository } from "../support/git-server.ts";
import { createRandom, type Random } from "./random.ts";
import { CONTENTS } from "./vocabulary.ts";

/** One thing that is done to a repository, as plain data. */
export type GitAction =
  | { readonly kind: "commit"; readonly files: Readonly<Record<string, string>>; readonly removed?: string; readonly link?: string }
  /** `message` makes an annotated tag. */
  | { readonly kind: "tag"; readonly name: string; readonly message?: string }
  | { readonly kind: "branch"; readonly name: string }
  /** A name that is neither branch nor tag. */
  | { readonly kind: "ref"; readonly name: string }
  /** The newest commit of another repository, as a submodule. */
  | { readonly kind: "submodule"; readonly of: string; readonly path: string };

/** What is taken of the repository "app". Where `name` is "commit:NAME", the reference has the commit itself. */
export interface GitReference {
  /** A full name, "HEAD", or "commit:" and the name whose commit is meant. */
  readonly name: string;
  /** How the reference says it: "#v1", "?tag=v1", or nothing for HEAD. */
  readonly form: "full" | "short" | "query";
  readonly subdir?: string;
  readonly withoutSubmodules?: boolean;
  readonly keepsGitDir?: boolean;
}

/** The git part of a case. */
export interface GitPart {
  /** Name → what is done, in this order; the last one is "app". */
  readonly repositories: Readonly<Record<string, readonly GitAction[]>>;
  readonly references: readonly GitReference[];
  /** The context is the first reference; without it, steps ADD them. */
  readonly isContext: boolean;
}

/** Numbers of their own, so that the rest of a seed's case stays what it was. */
const GIT = 0x617;
const PATHS = ["f", "g.txt", "d/f", "d/s/g.txt", "e/f", "a b", "run.sh", "ü"] as const;
const FIRST = { Dockerfile: "FROM scratch\nCOPY . /x\n", "d/Dockerfile": "FROM scratch\nCOPY f* ../x/\n", "d/f": "first\n" };

/** The repositories of a seed; undefined: it has none. */
export function generateGit(seed: number): GitPart | undefined {
  const random = createRandom(seed ^ GIT);
  if (!random.chance(0.3)) return undefined;
  const deep = random.chance(0.6);
  const app = generateActions(random, ["sub", ...(deep ? ["deep"] : [])]);
  const names = ["HEAD", "refs/heads/main", ...app.flatMap((action) => nameOf(action) ?? [])] as const;
  const references = Array.from({ length: 1 + random.below(3) }, () => generateReference(random, names));
  const isContext = random.chance(0.3);
  return {
    repositories: {
      ...(deep ? { deep: [{ kind: "commit", files: { "deep.txt": "deep\n" } }] } : {}),
      sub: [
        { kind: "commit", files: { "s.txt": "sub\n", "run.sh": "#!/bin/sh\n" } },
        ...(deep ? ([{ kind: "submodule", of: "deep", path: "in/deep" }] as const) : []),
      ],
      app,
    },
    references: isContext ? references.map(({ name, form, subdir }) => ({ name, form, ...given({ subdir }) })) : references,
    isContext,
  };
}

function generateActions(random: Random, others: readonly string[]): readonly GitAction[] {
  const actions: GitAction[] = [{ kind: "commit", files: FIRST }];
  // One name may be that of a branch and of a tag.
  const free = {
    branch: ["dev", "feat/x", "both"],
    tag: ["v1", "light", "both", "v/2"],
    ref: ["refs/pull/1/head"],
    submodule: [...others],
  };
  const early = random.chance(0.5) ? free.submodule.shift() : undefined;
  if (early !== undefined) actions.push({ kind: "submodule", of: early, path: random.pick([`mods/${early}`, early]) });
  for (let left = 2 + random.below(6); left > 0; left -= 1) {
    const kind = random.pick(["commit", "commit", "branch", "tag", "tag", "submodule", "ref"] as const);
    if (kind === "commit") {
      actions.push(generateCommit(random));
      continue;
    }
    const name = free[kind].splice(random.below(free[kind].length), 1)[0];
    if (name === undefined) continue;
    if (kind === "tag") actions.push(random.chance(0.5) ? { kind, name, message: "a tag" } : { kind, name });
    else if (kind === "submodule") actions.push({ kind, of: name, path: random.pick([`mods/${name}`, `e/${name}`, name]) });
    else actions.push({ kind, name });
  }
  return actions;
}

function generateCommit(random: Random): GitAction {
  const files: Record<string, string> = {};
  for (const path of PATHS) if (random.chance(0.35)) files[path] = path === "run.sh" ? "#!/bin/sh\n" : random.pick(CONTENTS);
  if (random.chance(0.15)) files[".gitattributes"] = random.pick(["*.txt text eol=crlf\n", "d export-ignore\n", "f export-subst ident\n"]);
  return {
    kind: "commit",
    files,
    ...(random.chance(0.2) ? { removed: random.pick(["e", "g.txt", "run.sh"]) } : {}),
    ...(random.chance(0.2) ? { link: random.pick(["f", "d", "../..", "/etc/passwd", "nowhere"]) } : {}),
  };
}

function nameOf(action: GitAction): string | undefined {
  if (action.kind === "branch") return `refs/heads/${action.name}`;
  if (action.kind === "tag") return `refs/tags/${action.name}`;
  return action.kind === "ref" ? action.name : undefined;
}

function generateReference(random: Random, names: readonly [string, string, ...string[]]): GitReference {
  const name = random.chance(0.35) ? "HEAD" : random.pick(names);
  const isCommit = random.chance(0.2);
  return {
    name: isCommit ? `commit:${name}` : name,
    form: random.pick(["full", "short", "short", "query"]),
    ...(random.chance(0.2) ? { subdir: random.pick(["d", "d/s"]) } : {}),
    ...(random.chance(0.2) ? { withoutSubmodules: true } : {}),
    ...(random.chance(0.4) ? { keepsGitDir: true } : {}),
  };
}

/** Does to a new repository what a plan says. Repositories of submodules are beside it, and made before it. */
export function makeRepository(actions: readonly GitAction[]): (repository: TestRepository) => void {
  return (repository) => {
    let modules = "";
    let timeSec = 1_500_000_000;
    const within = (path: string): string => join(repository.path, path);
    for (const action of actions) {
      timeSec += 1000;
      if (action.kind === "commit") {
        if (action.removed !== undefined && !modules.includes(` = ${action.removed}`))
          rmSync(within(action.removed), { recursive: true, force: true });
        if (action.link !== undefined) {
          rmSync(within("l"), { force: true });
          symlinkSync(action.link, within("l"));
        }
        repository.commit(action.files, timeSec);
      } else if (action.kind === "submodule") {
        modules += `[submodule "${action.of}"]\n\tpath = ${action.path}\n\turl = ../${action.of}.git\n`;
        // Git takes a submodule whose folder is gone for removed.
        rmSync(within(action.path), { recursive: true, force: true });
        mkdirSync(within(action.path), { recursive: true });
        mkdirSync(dirname(within(action.path)), { recursive: true });
        const commit = repository.git("-C", join(dirname(repository.path), action.of), "rev-parse", "HEAD");
        repository.git("rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", action.path);
        repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},${action.path}`);
        repository.commit({ ".gitmodules": modules }, timeSec);
      } else if (action.kind === "tag")
        repository.git("tag", ...(action.message === undefined ? [] : ["-a", "-m", action.message]), "--", action.name);
      else if (action.kind === "branch") repository.git("branch", "--", action.name);
      else repository.git("update-ref", action.name, "HEAD");
    }
  };
}

/** The reference as a Dockerfile writes it, behind `address`. Its name is a full name, "HEAD" or a commit. */
export function referenceText(address: string, { name: ref, form, subdir, withoutSubmodules }: GitReference): string {
  const short = shortName(ref);
  const query: string[] = [];
  let fragment = "";
  // One name may mean two things.
  const isPlain = short !== "both";
  if (form === "query") {
    const kind = /^refs\/(?:(heads)|tags)\//.exec(ref);
    if (ref !== "HEAD") query.push(kind === null ? `ref=${ref}` : kind[1] === undefined ? `tag=${short}` : `branch=${short}`);
    if (subdir !== undefined) query.push(`subdir=${subdir}`);
  } else {
    // BuildKit knows no branch of the name HEAD.
    if (ref !== "HEAD") fragment = form === "short" && isPlain ? short : ref;
    if (subdir !== undefined) fragment += `:${subdir}`;
  }
  if (withoutSubmodules === true) query.push("submodules=false");
  return `${address}${query.length > 0 ? `?${query.join("&")}` : ""}${fragment === "" ? "" : `#${fragment}`}`;
}

function shortName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, "");
}

/** The steps of a git part, for a Dockerfile in which `@{app}` stands for the address. A commit is its name here: no text can know it before. */
export function gitSteps({ references, isContext }: GitPart): readonly string[] {
  if (isContext) return [];
  return references.map((reference, at) => {
    const flag = reference.keepsGitDir === true ? "--keep-git-dir " : "";
    return `ADD ${flag}${namedText(reference)} /git/${at}/`;
  });
}

/** The context of a case whose context is a repository; else undefined. */
export function gitContext({ references, isContext }: GitPart): string | undefined {
  const [first] = references;
  return isContext && first !== undefined ? namedText(first) : undefined;
}

function namedText(reference: GitReference): string {
  return referenceText("@{app}", { ...reference, name: reference.name.replace("commit:", "") });
}
