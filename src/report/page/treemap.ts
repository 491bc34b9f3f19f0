/**
 * Bytes as areas. A tile that is large enough shows what is in it; one goes into a tile to see more. Tiles too small to read are drawn as one, so an
 * image of any size has a few hundred tiles. A list beside it says the same in words.
 */
import { type HierarchyRectangularNode, treemapSquarify } from "d3-hierarchy";
import type { ByteNode } from "./byte-tree.ts";
import { h, place } from "./dom.ts";
import { roving } from "./roving.ts";
import { count, share, size } from "./text.ts";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Tile {
  /** Undefined: several that are too small. */
  readonly node: ByteNode | undefined;
  readonly bytes: number;
  readonly many: number;
  readonly box: Box;
}

/** Square pixels below which nothing can be seen of a tile. */
const MIN_AREA = 140;
const MAX_TILES = 60;
const MAX_DEPTH = 3;
const HEAD = 22;
const GAP = 2;

/** What a treemap tells. */
interface TreemapOptions {
  /** The nodes below the one that is shown, down to the one that was chosen. */
  readonly onEnter: (way: readonly ByteNode[]) => void;
  readonly onLeave: () => void;
  /** What the focus or the pointer is on. */
  readonly onLook: (node: ByteNode | undefined) => void;
}

/** A drawing that can be given another node. */
interface Treemap {
  readonly element: HTMLElement;
  show(node: ByteNode): void;
}

/** Makes it. */
export function treemap({ onEnter, onLeave, onLook }: TreemapOptions): Treemap {
  let shown: ByteNode | undefined;
  const field = h("div", {
    class: "treemap",
    role: "group",
    "aria-label": "Bytes as areas. Arrow keys move, Enter goes in, Escape goes out.",
  });
  const settle = roving(field, "button", "plane");
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Backspace") return;
    event.preventDefault();
    onLeave();
  });
  field.addEventListener("pointerleave", () => onLook(undefined));
  let drawnAt = "";
  const draw = (): void => {
    if (shown === undefined) return;
    const [width, height] = [field.clientWidth, field.clientHeight];
    if (width === 0) return;
    drawnAt = `${width} ${height}`;
    field.replaceChildren();
    drawInto(field, shown, { x: 0, y: 0, width, height }, { way: [], field: { width, height }, whole: shown.bytes, onEnter, onLook });
    settle();
  };
  new ResizeObserver(() => {
    if (drawnAt !== `${field.clientWidth} ${field.clientHeight}`) draw();
  }).observe(field);
  return {
    element: field,
    show(node) {
      shown = node;
      draw();
    },
  };
}

interface DrawContext extends Pick<TreemapOptions, "onEnter" | "onLook"> {
  /** The nodes from below the one that is shown to the one that is drawn. */
  readonly way: readonly ByteNode[];
  /** The size of the drawing. */
  readonly field: { readonly width: number; readonly height: number };
  /** Bytes of what is shown as a whole. */
  readonly whole: number;
}

function drawInto(drawing: HTMLElement, parent: ByteNode, box: Box, context: DrawContext): void {
  for (const tile of tiles(parent, box)) {
    const { node, box: place_ } = tile;
    const inner: Box = { x: place_.x + GAP, y: place_.y + HEAD, width: place_.width - 2 * GAP, height: place_.height - HEAD - GAP };
    const way = node === undefined ? context.way : [...context.way, node];
    const isOpen = way.length <= MAX_DEPTH && node !== undefined && node.children.length > 0 && inner.width > 60 && inner.height > 40;
    drawing.append(button(tile, isOpen, { ...context, way }));
    if (isOpen) drawInto(drawing, node, inner, { ...context, way });
  }
}

/** Boxes of the children; the smallest ones share one. */
function tiles(parent: ByteNode, box: Box): Tile[] {
  const area = box.width * box.height;
  const perByte = parent.bytes === 0 ? 0 : area / parent.bytes;
  const large = parent.children.filter(({ bytes }, at) => at < MAX_TILES && bytes * perByte >= MIN_AREA);
  const rest = parent.children.slice(large.length);
  const restBytes = rest.reduce((sum, { bytes }) => sum + bytes, 0);
  const values: { readonly node: ByteNode | undefined; readonly bytes: number; readonly many: number }[] = large.map((node) => ({
    node,
    bytes: node.bytes,
    many: 1,
  }));
  if (restBytes * perByte >= MIN_AREA / 4) values.push({ node: undefined, bytes: restBytes, many: rest.length });
  const laid = values.map(({ bytes }) => ({ value: bytes, x0: 0, y0: 0, x1: 0, y1: 0 }));
  const bytes = values.reduce((sum, value) => sum + value.bytes, 0);
  // d3 lays out one level at a time: it reads `value` and `children`, and writes the corners.
  const level = { value: bytes, children: laid } as unknown as HierarchyRectangularNode<unknown>;
  if (bytes > 0) treemapSquarify(level, box.x, box.y, box.x + box.width, box.y + box.height);
  return values.map((value, at) => {
    const { x0 = 0, y0 = 0, x1 = 0, y1 = 0 } = laid[at] ?? {};
    return { ...value, box: { x: x0, y: y0, width: x1 - x0, height: y1 - y0 } };
  });
}

function button({ node, bytes, many, box }: Tile, isOpen: boolean, { way, whole, field, onEnter, onLook }: DrawContext): HTMLElement {
  const label = node?.label ?? `${count(many, "smaller one", "smaller ones")}`;
  const canEnter = node !== undefined && node.children.length > 0;
  const hidden = node !== undefined && node.bytes > 0 && node.hiddenBytes === node.bytes;
  const look = (): void => onLook(node);
  const made = h(
    "button",
    {
      type: "button",
      class: `tile d${way.length}${isOpen ? " open" : ""}${hidden ? " hidden-bytes" : ""}${node === undefined ? " rest" : ""}${canEnter ? "" : " leaf"}`,
      "aria-label": `${node?.full ?? label}, ${size(bytes)}, ${share(bytes, whole)}${hidden ? ", hidden by later layers" : ""}`,
      onclick: () => canEnter && onEnter(way),
      onfocus: look,
      onpointerenter: look,
    },
    // A label that does not fit is left out: the line below names the tile that one looks at.
    box.width > 44 && box.height > 17 ? h("span", { class: "label" }, label) : undefined,
    box.width > (isOpen ? 150 : 66) && (isOpen || box.height > 36) ? h("span", { class: "bytes" }, size(bytes)) : undefined,
  );
  // In percent: paper has another width than the screen, and nobody draws anew for it.
  const part = (value: number, of: number): string => `${((value / of) * 100).toFixed(3)}%`;
  place(made, {
    left: part(box.x, field.width),
    top: part(box.y, field.height),
    width: part(Math.max(1, box.width - GAP), field.width),
    height: part(Math.max(1, box.height - GAP), field.height),
  });
  return made;
}
