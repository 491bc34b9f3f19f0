/** Finds nodes by folder and name: a hash table with open addressing, whose slots hold the numbers of nodes. */
import { randomBytes } from "node:crypto";
import { FOLDER, HASH, type PathNodes, ROOT_NODE } from "./path-nodes.ts";

/** Every node that was added, by its folder and its name. */
interface PathSlots {
  /** The node in this folder whose name is `text` from `start` to `end`, or `ROOT_NODE`. `hash`: what `hashOf` gives. */
  find(folder: number, hash: number, text: string, start: number, end: number): number;
  /** Adds a node that has its fields, and that is not here yet. */
  add(node: number): void;
}

const FIRST_SLOTS = 64;

/** Starts with no node. */
export function createPathSlots(nodes: PathNodes): PathSlots {
  let slots = new Uint32Array(FIRST_SLOTS);
  let used = 0;

  const place = (node: number): void => {
    const mask = slots.length - 1;
    let slot = nodes.get(node, HASH) & mask;
    while (slots[slot] !== ROOT_NODE) slot = (slot + 1) & mask;
    slots[slot] = node;
  };
  return {
    find(folder, hash, text, start, end) {
      const mask = slots.length - 1;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const node = slots[slot] ?? ROOT_NODE;
        if (node === ROOT_NODE) return ROOT_NODE;
        if (nodes.get(node, HASH) === hash && nodes.get(node, FOLDER) === folder && nodes.isNamed(node, text, start, end)) return node;
      }
    },
    add(node) {
      place(node);
      used += 1;
      if (used * 2 < slots.length) return;
      const before = slots;
      slots = new Uint32Array(before.length * 2);
      for (const each of before) if (each !== ROOT_NODE) place(each);
    },
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
