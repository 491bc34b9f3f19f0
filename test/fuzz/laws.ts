/** What must hold without another builder to compare with: Decant against itself. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { cp, lstat, mkdtempDisposable, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pruneStore } from "../../src/index.ts";
import { differencesOf } from "../conformance/compare.ts";
import { buildWithDecant } from "../conformance/decant.ts";
import type { Outcome, PreparedCase } from "../conformance/lab.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { gitDifferences } from "./git-laws.ts";
import { readImageLayers } from "./read-image.ts";
import type { FuzzCase } from "./types.ts";

/** A law: gives what is wrong. `first` is what the first build gave; its image is at `prepared.output`. */
export interface Law {
  readonly name: string;
  /** Reads the image of the first build, so it is checked before those that write another; and cheap. */
  readonly readsImage?: boolean;
  /** Few cases are of its kind, so each is checked. */
  readonly isRare?: boolean;
  check(given: {
    readonly fuzz: FuzzCase;
    readonly prepared: PreparedCase;
    readonly store: string;
    readonly first: Outcome;
  }): Promise<string[]>;
}

export const LAWS: readonly Law[] = [
  {
    readsImage: true,
    name: "a cached build gives the very image of the cold one",
    async check({ prepared, store, first }) {
      if ("error" in first) return [];
      const before = readImageLayers(prepared.output);
      // An image without a layer is as old as its build.
      if (before.diffIds.length === 0) return [];
      await buildWithDecant({ store }, prepared);
      const after = readImageLayers(prepared.output);
      return before.digest === after.digest ? [] : [`cold ${before.digest}, cached ${after.digest}`];
    },
  },
  {
    readsImage: true,
    name: "a stage that the target stands on is a prefix of it",
    async check({ fuzz, prepared, store, first }) {
      const parent = parentOfTarget(fuzz);
      if ("error" in first || parent === undefined) return [];
      const whole = readImageLayers(prepared.output).diffIds;
      const outcome = await buildWithDecant({ store }, prepared, { target: parent });
      if ("error" in outcome) return [`the stage ${parent} does not build alone: ${outcome.error}`];
      const part = readImageLayers(prepared.output).diffIds;
      return part.every((diffId, at) => diffId === whole[at])
        ? []
        : [`layers of ${parent}: ${part.join(" ")}; of the target: ${whole.join(" ")}`];
    },
  },
  {
    name: "a build without the cache gives the same image",
    async check({ prepared, store, first }) {
      // In a store of its own: it replaces layers, under the feet of other cases.
      return same(first, await buildWithDecant({ store: `${store}-uncached` }, prepared, { noCache: true }));
    },
  },
  {
    name: "another store gives the same image",
    async check({ prepared, store, first }) {
      return same(first, await buildWithDecant({ store: `${store}-other` }, prepared));
    },
  },
  {
    name: "a build after pruning gives the same image",
    async check({ prepared, store, first }) {
      const root = `${store}-pruned`;
      await buildWithDecant({ store: root }, prepared);
      await using pruning = pruneStore({ root, all: true, env: {} });
      await pruning.result;
      return same(first, await buildWithDecant({ store: root }, prepared));
    },
  },
  {
    name: "the context as an archive gives the same image",
    async check({ fuzz, prepared, store, first }) {
      // Archives are taken whole, as BuildKit does.
      if (!fuzz.inside || fuzz.files[".dockerignore"] !== undefined) return [];
      const archive = spawnSync("tar", ["-C", prepared.context, "-c", ...readdirSync(prepared.context)], { maxBuffer: 64 << 20 });
      if (archive.status !== 0) throw new Error(archive.stderr.toString());
      const stdin = (async function* bytes() {
        yield await Promise.resolve(archive.stdout);
      })();
      return same(first, await buildWithDecant({ store }, prepared, { context: "-", stdin, file: "Dockerfile" }));
    },
  },
  {
    name: "the context as a git repository gives the same image",
    async check({ fuzz, prepared, store }) {
      // Ignore files are for local contexts only, as BuildKit does.
      if (!fuzz.inside || fuzz.files[".dockerignore"] !== undefined) return [];
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-fuzz-git-"));
      const repository = testRepository(join(folder.path, "context"));
      await cp(prepared.context, join(folder.path, "context"), { recursive: true, verbatimSymlinks: true, filter: isStorable });
      repository.git("add", "-A", "-f");
      repository.git("commit", "-q", "-m", "context");
      // Git keeps neither owners nor most modes: what a clone has is the directory to compare with.
      const clone = join(folder.path, "clone");
      repository.git("clone", "-q", "--no-hardlinks", ".", clone);
      await rm(join(clone, ".git"), { recursive: true });
      await using server = await gitServer(folder.path);
      const directory = await buildWithDecant({ store }, prepared, { context: clone, file: join(clone, "Dockerfile") });
      return same(directory, await buildWithDecant({ store }, prepared, { context: `${server.url}/context.git`, file: "Dockerfile" }));
    },
  },
  {
    name: "what is taken of a git repository is what git checks out",
    isRare: true,
    async check({ fuzz, store }) {
      return fuzz.git === undefined ? [] : await gitDifferences(fuzz.git, store);
    },
  },
];

/** Pipes cannot be copied, and git does not keep them. */
async function isStorable(path: string): Promise<boolean> {
  return !(await lstat(path)).isFIFO();
}

function same(first: Outcome, second: Outcome): string[] {
  return differencesOf(first, second, "error" in first ? first.code : undefined).map((line) =>
    line.replaceAll("Decant", "then").replaceAll("BuildKit", "first"),
  );
}

/** The stage that the target's FROM names. */
function parentOfTarget({ stages, target }: FuzzCase): string | undefined {
  const found = stages.findLast(({ from }) => target === undefined || from.endsWith(` AS ${target}`));
  return /^FROM (s\d)\b/.exec(found?.from ?? "")?.[1];
}
