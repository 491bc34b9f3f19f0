/** Every file of this folder: what failed once gives what is right. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { after, before, it } from "node:test";
import { checkDockerfile, outline } from "../../src/index.ts";
import { buildWithDecant } from "../conformance/decant.ts";
import { type Lab, openLab, type PreparedCase } from "../conformance/lab.ts";
import { type FieldCase, readCase } from "./read-case.ts";

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab[Symbol.asyncDispose]());

for (const path of globSync(`${import.meta.dirname}/*.yaml`).toSorted()) {
  const field = readCase(path);
  it(field.name, async () => {
    const prepared = lab.prepare(field.definition);
    const { check, outline: lines, ...ofImage } = field.want;
    const root = lab.store;
    if (check !== undefined) assert.deepEqual(await warnings(prepared, root), check);
    if (lines !== undefined) assert.deepEqual(await takes(prepared, root), lines);
    if (Object.keys(ofImage).length > 0) await buildsAs(ofImage, prepared);
  });
}

async function warnings({ context, definition, hide }: PreparedCase, root: string): Promise<string[]> {
  const { warnings: found } = await checkDockerfile({ context, root, env: {}, buildArgs: definition.buildArgs });
  return found.filter(({ origin }) => origin === "buildkit").map(({ lines, code, message }) => `${lines.first} ${code}: ${hide(message)}`);
}

async function takes({ context, definition }: PreparedCase, root: string): Promise<string[]> {
  const { args, secrets, ssh } = await outline({ context, root, env: {}, buildArgs: definition.buildArgs });
  return [...args, ...secrets, ...ssh].map((one) => `${one.range.start.line} ${one.name}${"value" in one ? `=${one.value}` : ""}`);
}

async function buildsAs({ tree, config, history, layers, error }: FieldCase["want"], prepared: PreparedCase): Promise<void> {
  const outcome = await buildWithDecant(lab, prepared);
  if ("error" in outcome) {
    const [code = "", ...phrase] = (error ?? "no error").split(": ");
    assert.equal(
      `${outcome.code}: ${outcome.error.includes(phrase.join(": ")) ? phrase.join(": ") : outcome.error}`,
      `${code}: ${phrase.join(": ")}`,
    );
    return;
  }
  assert.equal(undefined, error, "it builds");
  const { image } = outcome;
  for (const [path, line] of Object.entries(tree ?? {})) assert.equal(image.tree[path] ?? null, line, path);
  for (const [name, value] of Object.entries(config ?? {})) assert.deepEqual(image.config[name], value, name);
  if (history !== undefined) assert.equal(image.history.at(-1), history);
  if (layers !== undefined) assert.equal(image.layers, layers);
}
