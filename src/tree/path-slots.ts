/** Finds nodes by folder and name. */
import { randomBytes } from "node:crypto";
import { createNumberSlots } from "./number-slots.ts";
import { FOLDER, HASH, type PathNodes } from "./path-nodes.ts";

/** Every node that was added, by its folder and its name. */
interface PathSlots {
  /** The node in this folder whose name is `text` from `start` to `end`, or `ROOT_NODE`. `hash`: what `hashOf` gives. */
  find(folder: number, hash: number, text: string, start: number, end: number): number;
  /** Adds a node that has its fields, and that is not here yet. */
  add(node: number): void;
}

/** Starts with no node. */
export function createPathSlots(nodes: PathNodes): PathSlots {
  const slots = createNumberSlots((node) => nodes.get(node, HASH));
  return {
    find: (folder, hash, text, start, end) =>
      slots.find(
        hash,
        (node) => nodes.get(node, HASH) === hash && nodes.get(node, FOLDER) === folder && nodes.isNamed(node, text, start, end),
      ),
    add: (node) => slots.add(node),
  };
}

/** Of this process alone: who chooses the names of an archive must not choose where they collide. */
const [SEED = 0, FACTOR = 1] = new Uint32Array(Uint8Array.from(randomBytes(8)).buffer);

/** The hash of a folder and of the name that is `text` from `start` to `end`. */
export function hashOf(folder: number, text: string, start: number, end: number): number {
  let hash = folder ^ SEED;
  for (let index = start; index < end; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FACTOR | 1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
