/** Git repositories as sources and contexts (rule S92). Recorded with a git beside BuildKit: see README. */
import type { TestRepository } from "../../support/git-server.ts";
import type { Case } from "../types.ts";

const SOURCE = "GIT_SOURCE";
const COPY_ALL = "FROM scratch\nCOPY . /x\n";

function makeSub(repository: TestRepository): void {
  repository.commit({ "s.txt": "sub" }, 1_500_000_000);
}

/** Branches main (with a submodule) and dev, tags v1 (annotated) and light, and a request to pull. */
function makeApp(repository: TestRepository): void {
  repository.commit({ Dockerfile: COPY_ALL, "docs/Dockerfile": COPY_ALL, "a.txt": "one", "run.sh": "#!/bin/sh\n" }, 1_510_000_000);
  repository.git("tag", "-a", "v1", "-m", "one");
  repository.commit({ "a.txt": "two" }, 1_520_000_000);
  repository.git("branch", "dev");
  repository.git("update-ref", "refs/pull/1/head", "dev");
  repository.commit({ "a.txt": "three" }, 1_530_000_000);
  repository.git("tag", "light");
  repository.commit({ ".gitmodules": '[submodule "mods/sub"]\n\tpath = mods/sub\n\turl = ../sub.git\n' }, 1_540_000_000);
  repository.git("update-index", "--add", "--cacheinfo", `160000,${repository.git("-C", "../sub", "rev-parse", "HEAD")},mods/sub`);
  repository.git("commit", "-q", "-m", "submodule");
}

const V1 = "57a4d0";
const repositories = { sub: makeSub, app: makeApp };

function add(name: string, flags: string, reference: string, more: Partial<Case> = {}): Case {
  return { name: `L3: ${name}`, repositories, dockerfile: `FROM scratch\nADD ${flags}@{app}${reference} /x\n`, ...more };
}

function fromGit(name: string, reference: string, more: Partial<Case> = {}): Case {
  return { name: `L3: ${name}`, repositories, dockerfile: "", context: `@{app}${reference}`, ...more };
}

const KEEP = "--keep-git-dir=true ";
const KEPT = { buildArgs: { BUILDKIT_CONTEXT_KEEP_GIT_DIR: "1" } };

// prettier-ignore
export const git: readonly Case[] = [
  add("a tag", "", "#v1"),
  add("a branch", "", "#dev"),
  add("a folder of a tag", "", "#v1:docs"),
  add("a folder that is not there", "", "#v1:nosuch", { fails: { says: "invalid subdir", code: SOURCE } }),
  add("without submodules", "", "?submodules=false"),
  add(".git of a tag has the tag object", KEEP, "#v1"),
  add(".git of refs/tags", KEEP, "#refs/tags/v1"),
  add(".git of a light tag", KEEP, "#light"),
  add(".git of a branch", KEEP, "#dev"),
  add(".git of refs/heads", KEEP, "#refs/heads/dev"),
  add(".git of a pull request", KEEP, "#refs/pull/1/head"),
  add(".git of the default branch, with that of a submodule", KEEP, ""),
  add(".git of a folder is left out", KEEP, "#v1:docs"),
  add("keep-git-dir in the query", "", "?tag=v1&keep-git-dir=1"),
  add("HEAD is no branch", "", "#HEAD", { fails: { says: "repository does not contain ref HEAD", code: SOURCE } }),
  add("no such branch", "", "#nosuch", { fails: { says: "repository does not contain ref nosuch", code: SOURCE } }),
  add("a short commit is no name", "", `#${V1}`, { fails: { says: "repository does not contain ref", code: SOURCE } }),
  add("a checksum in upper case", `--checksum=${V1.toUpperCase()} `, "#dev", { fails: { says: "expected checksum to match", code: "CHECKSUM" } }),
  add("a checksum of another commit", "--checksum=0123456789abcdef ", "#dev", { fails: { says: "expected checksum to match", code: "CHECKSUM" } }),
  add("an unknown query", "", "?foo=1", { fails: { says: 'unexpected query "foo"', code: SOURCE } }),
  add("a query that contradicts the fragment", "", "?ref=v1#dev", { fails: { says: "ref conflicts", code: SOURCE } }),
  fromGit("a context of a tag", "#v1"),
  fromGit("a context of a folder", "#v1:docs"),
  fromGit("a context that keeps .git of a tag", "#v1", KEPT),
  fromGit("a context that keeps .git of a branch", "#dev", KEPT),
  fromGit("a context of HEAD", "#HEAD", { fails: { says: "repository does not contain ref HEAD", code: SOURCE } }),
];
