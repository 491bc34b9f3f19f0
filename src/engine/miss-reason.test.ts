/** Why a step has to run, over a real store: one row for each kind of explanation. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { formatReason, reasonLines } from "../reasons.ts";
import { openStore, type Store } from "../store/index.ts";
import { item, layerOf, temp, tempStore } from "../tree/testdata/support.ts";
import { createActionCache, keyOf } from "./action-cache.ts";
import { changesOfRecords, type MissedStep, reasonOfMiss } from "./miss-reason.ts";
import type { StepName } from "./step-records.ts";
import { pathLines } from "./testdata/path-lines.ts";
import type { Ingredient } from "./types.ts";

const NAME: StepName = { slot: "build 1", text: "RUN x" };
const FACTS = "file 644 0:0 1 0:  ";

/** "name=value" each. */
function parts(...texts: readonly string[]): Ingredient[] {
  return texts.map((text) => ({ name: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }));
}

/** A selection of files whose lines are "path<TAB>facts<TAB>digest". */
function files(...lines: readonly string[]): Ingredient {
  return { name: "files of .", value: sha256(lines.join("\n")), detail: pathLines(...lines), kind: "files", shown: "." };
}

function variable(kind: "arg" | "env", name: string, value: string, isSecret?: boolean): Ingredient {
  return { name: `ENV ${name}`, value, kind, isSecret };
}

function base(kind: "base" | "parent", value: string, shown: string): Ingredient {
  return { name: "base", value: sha256(value), kind, shown };
}

function instruction(value: string): Ingredient {
  return { name: "command", value, kind: "instruction", shown: "command" };
}

/** Runs the step. */
async function ran(store: Store, ingredients: readonly Ingredient[], name: StepName = NAME): Promise<string> {
  const key = keyOf(ingredients);
  await createActionCache(store).keep(key, await layerOf(store, item("d", "dir")), { name, ingredients });
  return key;
}

async function why(store: Store, ingredients: readonly Ingredient[], fields: Partial<MissedStep> = {}): Promise<string> {
  const step = { key: keyOf(ingredients), name: NAME, ingredients, isOff: false, withPaths: true, ...fields };
  return formatReason((await reasonOfMiss(store, step)).reason);
}

describe("reasonOfMiss()", () => {
  interface Row {
    readonly name: string;
    readonly before: readonly Ingredient[];
    readonly now: readonly Ingredient[];
    readonly text?: string;
    readonly want: string;
  }
  const many = Array.from({ length: 25 }, (_, index) => `f${index}\t${FACTS}\tsha256:1`);
  const rows: readonly Row[] = [
    { name: "ENV", before: [variable("env", "A", "1")], now: [variable("env", "A", "2")], want: "ENV A: 1 → 2" },
    { name: "ARG", before: [variable("arg", "A", "1")], now: [variable("arg", "A", "")], want: "ARG A: 1 → (empty)" },
    {
      name: "a new ARG and an ENV that is gone",
      before: [variable("env", "B", "2")],
      now: [variable("arg", "C", "3")],
      want: "ARG C: new (3); ENV B: gone (2)",
    },
    {
      name: "a secret ARG, without its values",
      before: [variable("arg", "TOKEN", "hunter1", true)],
      now: [variable("arg", "TOKEN", "hunter2", true)],
      want: "ARG TOKEN: changed (its value is not shown)",
    },
    { name: "a setting", before: parts("user=a"), now: parts("user=b"), want: "user: a → b" },
    { name: "a setting that is a digest", before: parts(`x=${sha256("1")}`), now: parts(`x=${sha256("2")}`), want: "x: changed" },
    {
      name: "the digest of the base image",
      before: [base("base", "1", "node:18@sha256:1")],
      now: [base("base", "2", "node:18@sha256:2")],
      want: "base image: node:18@sha256:1 → node:18@sha256:2",
    },
    {
      name: "another result of the parent step",
      before: [base("parent", "1", "COPY a /")],
      now: [base("parent", "2", "COPY a /")],
      want: 'parent step "COPY a /": its result changed',
    },
    {
      name: "another parent step",
      before: [base("parent", "1", "COPY a /")],
      now: [base("parent", "2", "COPY b /")],
      want: "parent step: COPY a / → COPY b /",
    },
    {
      name: "the text of the instruction",
      before: [instruction("x")],
      now: [instruction("y")],
      text: "RUN y",
      want: "instruction: RUN x → RUN y",
    },
    {
      name: "what the same text comes to",
      before: [instruction("a\nb")],
      now: [instruction("a\nc")],
      want: "instruction command: a b → a c",
    },
    {
      name: "files: content, mode, owner, type, links, new, gone",
      before: [
        files(
          `content\t${FACTS}\tsha256:1`,
          `mode\t${FACTS}\tsha256:1`,
          `owner\t${FACTS}\tsha256:1`,
          `type\t${FACTS}\tsha256:1`,
          "link\tsymlink 777 0:0  1:a  \t",
          `hard\t${FACTS}\tsha256:1`,
          "xattr\tdir 755 0:0  0:  \t",
          "same\tdir 755 0:0  0:  \t",
          "gone\tdir 755 0:0  0:  \t",
        ),
      ],
      now: [
        files(
          "content\tfile 644 0:0 2 0:  \tsha256:2",
          "mode\tfile 755 0:0 1 0:  \tsha256:1",
          "owner\tfile 644 7:8 1 0:  \tsha256:1",
          "type\tdir 755 0:0  0:  \t",
          "link\tsymlink 777 0:0  2:b   \t",
          `hard\t${FACTS}\tsha256:1\tlinked to mode`,
          "xattr\tdir 755 0:0  0:  user.a=00\t",
          "same\tdir 755 0:0  0:  \t",
          "new\tdir 755 0:0  0:  \t",
        ),
      ],
      want:
        "content: content; mode: mode 644 → 755; owner: owner 0:0 → 7:8; type: type file → dir; link: link a → b ; " +
        "hard: hard links (none → linked to mode); xattr: attributes; new: new; gone: gone",
    },
    {
      name: "many files, up to twenty",
      before: [files()],
      now: [files(...many)],
      want: `${many
        .slice(0, 20)
        .map((_, index) => `f${index}: new`)
        .join("; ")}; and 5 more`,
    },
    {
      name: "files whose lists nobody kept",
      before: [files("a\tx\t1")],
      now: [{ name: "files of .", value: sha256("?"), kind: "files", shown: "." }],
      want: "files of .: changed",
    },
  ];
  for (const { name, before, now, text, want } of rows)
    it(`G3: names ${name}`, async () => {
      await using at = await tempStore();
      await ran(at.store, before);
      assert.equal(await why(at.store, now, text === undefined ? {} : { name: { ...NAME, text } }), want);
    });

  it("G3: says when a step never ran, and when the cache is off", async () => {
    await using at = await tempStore();
    assert.equal(await why(at.store, parts("a=1")), "never ran before");
    await ran(at.store, parts("a=1"));
    assert.equal(await why(at.store, parts("a=1"), { isOff: true }), "the cache is off for it (--no-cache, --no-cache-filter)");
  });

  it("G3: says when a prune removed a result, and when it removed all records of a step", async () => {
    await using folder = await temp();
    const root = join(folder.path, "store");
    {
      await using store = await openStore({ root, now: () => 1000 });
      await ran(store, parts("a=1"));
    }
    {
      await using store = await openStore({ root, now: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
      await store.prune({ all: true });
    }
    await using store = await openStore({ root });
    assert.equal(await why(store, parts("a=1")), "a prune removed its result at 2026-01-02 03:04:05 UTC");
    assert.equal(await why(store, parts("a=2")), "a prune removed all records of it at 2026-01-02 03:04:05 UTC");
    assert.equal(await why(store, parts("a=2"), { name: { slot: "other", text: "RUN other" } }), "never ran before");
  });

  it("G3: says when a result is gone though no prune removed it", async () => {
    await using at = await tempStore();
    await ran(at.store, parts("a=1"));
    assert.equal(await why(at.store, parts("a=1")), "its result is gone from the store");
  });

  it("G3: compares with the nearest of the last records, not with the last", async () => {
    await using at = await tempStore();
    await ran(at.store, parts("a=1", "b=1", "c=1"));
    await ran(at.store, parts("a=2", "b=2", "c=2"));
    assert.equal(await why(at.store, parts("a=1", "b=1", "c=3")), "c: 1 → 3");
    for (const text of ["3", "4", "5"]) await ran(at.store, parts(`a=${text}`, `b=${text}`, `c=${text}`));
    assert.equal(await why(at.store, parts("a=1", "b=1", "c=3")), "a: 3 → 1; b: 3 → 1");
  });

  it("G3: finds a step that has moved by its text", async () => {
    await using at = await tempStore();
    await ran(at.store, parts("a=1"));
    assert.equal(await why(at.store, parts("a=2"), { name: { ...NAME, slot: "build 2" } }), "a: 1 → 2");
    assert.equal(await why(at.store, parts("a=2"), { name: { slot: "build 2", text: "RUN y" } }), "never ran before");
  });

  it("G3: keeps no value of a secret", async () => {
    await using at = await tempStore();
    await ran(at.store, [variable("arg", "TOKEN", "hunter1", true)]);
    for (const key of at.store.records.ids("step")) assert.doesNotMatch(JSON.stringify(at.store.records.get("step", key)), /hunter/);
  });

  it("G3: reads lists of files only where paths are wanted", async () => {
    await using at = await tempStore();
    await ran(at.store, [files("a\tx\t1")]);
    assert.equal(await why(at.store, [files("a\tx\t2")], { withPaths: false }), "files of .: changed");
  });

  it("passes over parts of a record that it cannot read", async () => {
    await using at = await tempStore();
    const key = await ran(at.store, parts("b=1"));
    const ingredients = [null, "a", { name: "a" }, { name: 1, value: "x" }, { name: "b", value: "1", detail: "no digest", kind: "none" }];
    at.store.records.put("step", key, { at: 1, text: "RUN x", ingredients });
    assert.equal(await why(at.store, parts("b=2")), "b: 1 → 2");
    at.store.records.put("step", key, "text");
    assert.equal(await why(at.store, parts("b=2")), "never ran before");
  });

  it("does without details that are gone", async () => {
    await using at = await tempStore();
    const key = await ran(at.store, [files("a\tx\t1")]);
    const { ingredients } = at.store.records.get("step", key) as { readonly ingredients: [{ readonly detail: ReturnType<typeof sha256> }] };
    at.store.blobs.remove(ingredients[0].detail);
    assert.equal(await why(at.store, [files("a\tx\t2")]), "files of .: changed");
  });
});

describe("changesOfRecords()", () => {
  it("G3: names all paths that changed from one record to another", async () => {
    await using at = await tempStore();
    const one = await ran(at.store, [files()]);
    const two = await ran(at.store, [files(...Array.from({ length: 25 }, (_, index) => `f${index}\t${FACTS}\tsha256:1`))]);
    const changes = (await changesOfRecords(at.store, one, two)) ?? [];
    assert.equal(reasonLines({ kind: "changed", changes }).length, 25);
    assert.equal(await changesOfRecords(at.store, one, "none"), undefined);
  });
});
