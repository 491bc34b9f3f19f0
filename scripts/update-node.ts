/** Pins the newest release of each line of Node.js in recipes/nodejs*.yaml that npm has for all architectures: `npm run update-node`. Commit what it changes. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { npmRegistry } from "../src/distroless/npm.ts";
import { parseRecipe } from "../src/distroless/parse-recipe.ts";

const documentSchema = v.object({ versions: v.record(v.string(), v.object({ dist: v.object({ integrity: v.string() }) })) });
const registry = await npmRegistry(process.env);
const documents = new Map<string, Readonly<Record<string, string>>>();

/** Version → integrity. */
async function versionsOf(name: string): Promise<Readonly<Record<string, string>>> {
  const known = documents.get(name);
  if (known !== undefined) return known;
  const response = await fetch(`${registry}/${name}`, { headers: { accept: "application/vnd.npm.install-v1+json" } });
  const { versions } = v.parse(documentSchema, await response.json());
  const found = Object.fromEntries(Object.entries(versions).map(([version, { dist }]) => [version, dist.integrity]));
  documents.set(name, found);
  return found;
}

for (const path of globSync("recipes/nodejs*.yaml").toSorted()) {
  const text = readFileSync(path, "utf8");
  const { node } = await parseRecipe({ name: path, text });
  if (node === undefined) continue;
  const sources = Object.values(node.packages);
  const lists = await Promise.all(sources.map(({ name }) => versionsOf(name)));
  const [major = ""] = node.version.split(".");
  const newest = Object.keys(lists[0] ?? {})
    .filter(
      (version) =>
        version.startsWith(`${major}.`) && /^\d+\.\d+\.\d+$/.test(version) && lists.every((list) => Object.hasOwn(list, version)),
    )
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
  if (newest === undefined || newest === node.version) continue;
  let changed = text.replace(`version: ${node.version}`, `version: ${newest}`);
  for (const [at, { integrity }] of sources.entries())
    if (integrity !== undefined) changed = changed.replace(integrity, lists[at]?.[newest] ?? integrity);
  writeFileSync(path, changed);
  console.log(`${path}: ${node.version} → ${newest}`);
}
