/** What ADD and contexts take of a git repository is what git itself checks out, with the names that git gives it. */
import { execFile } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "../../src/index.ts";
import { type GitServer, gitServer, testRepository } from "../support/git-server.ts";
import { type GitPart, type GitReference, makeRepository, referenceText } from "./generate-git.ts";

/** Checks all references of a case, each by ADD and, where `.git` is not kept, as a context. Gives what is wrong. */
export async function gitDifferences(git: GitPart, store: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "decant-fuzz-git-"));
  try {
    const root = join(folder, "repositories");
    for (const [name, actions] of Object.entries(git.repositories)) makeRepository(actions)(testRepository(join(root, name)));
    await using server = await gitServer(root);
    const problems: string[] = [];
    for (const [at, reference] of git.references.entries()) {
      const sides = { clone: join(folder, `clone-${at}`), out: join(folder, `out-${at}`) };
      const bench = { server, store, app: join(root, "app"), ...sides };
      const text = await textOf(bench, reference);
      for (const line of await checkReference(bench, reference)) problems.push(`${text.replace(server.url, "")}: ${line}`);
    }
    return problems;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Bench {
  readonly server: GitServer;
  readonly store: string;
  /** The repository itself. */
  readonly app: string;
  readonly clone: string;
  readonly out: string;
}

async function checkReference(bench: Bench, reference: GitReference): Promise<string[]> {
  const { app, clone, out } = bench;
  const commit = await inFolder(app, "rev-parse", `${reference.name.replace("commit:", "")}^{commit}`);
  await inFolder(".", "clone", "-q", "--no-checkout", `${bench.server.url}/app.git`, clone);
  if (reference.name.startsWith("refs/pull/") || reference.name.startsWith("commit:refs/pull/"))
    await inFolder(clone, "fetch", "-q", "origin", commit);
  await inFolder(clone, "checkout", "-q", "--detach", commit);
  if (reference.withoutSubmodules !== true) await inFolder(clone, "submodule", "--quiet", "update", "--init", "--recursive");

  const wanted = filesOf(join(clone, reference.subdir ?? "."));
  const flag = reference.keepsGitDir === true ? "--keep-git-dir " : "";
  const address = await textOf(bench, reference);
  const added = await buildTo(bench, `FROM scratch\nADD ${flag}${address} /\n`);
  if (wanted === undefined) return added === undefined ? ["a folder that is not there is no error"] : [];
  if (added !== undefined) return [`ADD fails: ${added}`];
  const problems = compare("ADD", wanted, filesOf(out));
  const keeps = reference.keepsGitDir === true && reference.subdir === undefined;
  if (keeps) problems.push(...(await keptGit(bench, reference, commit)));
  else if (Object.hasOwn(filesOf(out, true) ?? {}, ".git")) problems.push(".git is there");

  const failed = await buildTo(bench, `FROM scratch\nCOPY --from=tree . /\n`, { tree: address });
  if (failed !== undefined) return [...problems, `the named context fails: ${failed}`];
  return [...problems, ...compare("named context", wanted, filesOf(out))];
}

/** What git says of a `.git` that was kept. */
async function keptGit({ app, clone, out }: Bench, { name, withoutSubmodules }: GitReference, commit: string): Promise<string[]> {
  const isName = !name.startsWith("commit:");
  const full = name === "HEAD" ? "refs/heads/main" : name;
  const facts = {
    HEAD: [await inFolder(out, "rev-parse", "HEAD"), commit],
    changes: [await inFolder(out, "status", "--porcelain", "--ignored"), ""],
    names: [
      await inFolder(out, "for-each-ref", "--format=%(refname) %(objectname)"),
      isName ? `${full} ${await inFolder(app, "rev-parse", full)}` : "",
    ],
    ...(withoutSubmodules === true
      ? {}
      : {
          submodules: [
            await inFolder(out, "submodule", "foreach", "--quiet", "--recursive", HEADS),
            await inFolder(clone, "submodule", "foreach", "--quiet", "--recursive", HEADS),
          ],
        }),
  };
  return Object.entries(facts).flatMap(([what, [have, want]]) =>
    have === want ? [] : [`${what}: git ${JSON.stringify(want)}, Decant ${JSON.stringify(have)}`],
  );
}

const HEADS = 'echo "$displaypath $(git rev-parse HEAD) $(git status --porcelain)"';

async function buildTo(
  { store, out }: Bench,
  dockerfile: string,
  buildContexts: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  rmSync(out, { recursive: true, force: true });
  const stdin = (async function* bytes() {
    yield await Promise.resolve(Buffer.from(dockerfile));
  })();
  const outputs = [{ type: "local", dest: out }] as const;
  await using run = build({ context: "-", stdin, root: store, env: {}, caCerts: "off", outputs, buildContexts });
  return await run.result.then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

async function textOf({ server, app }: Bench, reference: GitReference): Promise<string> {
  const { name } = reference;
  const commit = name.startsWith("commit:") ? await inFolder(app, "rev-parse", `${name.slice(7)}^{commit}`) : name;
  return referenceText(`${server.url}/app.git`, { ...reference, name: commit });
}

/** Path → what is there, without `.git` unless asked; undefined: there is no such folder. */
function filesOf(folder: string, withGit = false): Readonly<Record<string, string>> | undefined {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const files: Record<string, string> = {};
  const visit = (path: string): void => {
    for (const name of readdirSync(join(folder, path))) {
      const below = join(path, name);
      if (name === ".git" && !withGit) continue;
      const full = join(folder, below);
      const stats = lstatSync(full);
      if (stats.isSymbolicLink()) files[below] = `link ${readlinkSync(full)}`;
      else if (stats.isDirectory()) files[below] = "directory";
      else files[below] = `${(stats.mode & 0o100) === 0 ? "file" : "program"} ${JSON.stringify(readFileSync(full, "latin1"))}`;
      if (stats.isDirectory() && name !== ".git") visit(below);
    }
  };
  visit(".");
  return files;
}

function compare(what: string, want: Readonly<Record<string, string>>, have: Readonly<Record<string, string>> | undefined): string[] {
  const paths = new Set([...Object.keys(want), ...Object.keys(have ?? {})]);
  return [...paths].flatMap((path) =>
    want[path] === have?.[path] ? [] : [`${what}, path ${path}: git ${want[path] ?? "has none"}, Decant ${have?.[path] ?? "has none"}`],
  );
}

/** Asynchronous, because the server that git may talk to is in this process. */
async function inFolder(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_ALLOW_PROTOCOL: "file:http" };
  const { stdout } = await promisify(execFile)("git", ["-c", "safe.directory=*", ...args], { cwd, env, encoding: "utf8" });
  return stdout.trimEnd();
}
