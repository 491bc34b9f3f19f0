/** A step of a build without a runtime: a real overlay mount, and the layer of what a script changed in it. */
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { ROOT } from "../../paths.ts";
import { hostTree } from "../host-tree.ts";
import { layerFromUpper } from "../layer-from-upper.ts";
import { layerTree } from "../layer-tree.ts";
import { treeDump } from "./tree-dump.ts";
import type { Layer } from "../types.ts";
import { unpackLayers } from "../unpack-layer.ts";
import { run, type TempStore } from "./support.ts";

/** Runs a script in the merged view of `lower` by a real overlay mount, and makes a layer of what it changed; `dump` is the view afterwards. */
export async function runOver(
  at: TempStore,
  lower: readonly Layer[],
  script: string,
): Promise<{ readonly layer: Layer; readonly dump: string }> {
  const dirs = await unpackLayers(at.store, lower);
  const tree = layerTree(lower);
  await using staged = await at.store.dirs.create("layer-fs");
  const root = tree.lookup(ROOT);
  chownSync(staged.path, root?.uid ?? 0, root?.gid ?? 0);
  const work = `${at.path}/work-${Math.random().toString(36).slice(2)}`;
  mkdirSync(`${work}/work`, { recursive: true });
  mkdirSync(`${work}/merged`);
  const empty = `${work}/empty`;
  mkdirSync(empty);
  const options = `lowerdir=${[...dirs.toReversed(), empty].join(":")},upperdir=${staged.path},workdir=${work}/work,index=off,redirect_dir=off,metacopy=off`;
  writeFileSync(
    `${work}/script`,
    `set -e\nmount -t overlay overlay -o '${options}' ${work}/merged\ncd ${work}/merged\n${script}\ncp -a . ${work}/copy\n`,
  );
  await run("unshare", "-m", "sh", `${work}/script`);
  const layer = await layerFromUpper(at.store, staged, tree);
  return { layer, dump: await treeDump(hostTree(`${work}/copy`)) };
}
