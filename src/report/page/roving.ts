/** One tab stop for many elements: arrow keys move between them, Home and End go to the first and last. */

/** Where arrow keys lead. "list": to the next and previous one. "plane": to the nearest one in that direction. */
type Movement = "list" | "plane";

/** Watches `container`, whatever is in it later on; elements that match take part. Call the result when they have changed. */
export function roving(container: HTMLElement | SVGElement, selector: string, movement: Movement): () => void {
  const members = (): (HTMLElement | SVGElement)[] => [...container.querySelectorAll<HTMLElement | SVGElement>(selector)];
  const settle = (chosen?: Element): void => {
    const all = members();
    const stop = chosen ?? all.find((one) => one.getAttribute("tabindex") === "0") ?? all[0];
    for (const one of all) one.setAttribute("tabindex", one === stop ? "0" : "-1");
  };
  container.addEventListener("focusin", (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target !== null) settle(target);
  });
  container.addEventListener("keydown", (event) => {
    if (!(event instanceof KeyboardEvent) || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = members();
    const at = all.findIndex((one) => one === document.activeElement);
    if (at < 0) return;
    const next = movement === "list" ? inList(all, at, event.key) : inPlane(all, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    settle(next);
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  settle();
  return settle;
}

function inList<Item>(all: readonly Item[], at: number, key: string): Item | undefined {
  switch (key) {
    case "ArrowDown":
    case "ArrowRight":
      return all[at + 1];
    case "ArrowUp":
    case "ArrowLeft":
      return at === 0 ? undefined : all[at - 1];
    case "Home":
      return all[0];
    case "End":
      return all.at(-1);
    default:
      return undefined;
  }
}

const DIRECTIONS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

function inPlane<Item extends Element>(all: readonly Item[], at: number, key: string): Item | undefined {
  const [x, y] = DIRECTIONS[key] ?? [0, 0];
  const from = all[at];
  if (from === undefined || (x === 0 && y === 0)) return inList(all, at, key);
  const start = middle(from);
  let best: { readonly item: Item; readonly cost: number } | undefined;
  for (const item of all) {
    if (item === from) continue;
    const end = middle(item);
    const along = (end.x - start.x) * x + (end.y - start.y) * y;
    const aside = Math.abs((end.x - start.x) * y) + Math.abs((end.y - start.y) * x);
    if (along < 2) continue;
    const cost = along + 2 * aside;
    if (best === undefined || cost < best.cost) best = { item, cost };
  }
  return best?.item;
}

function middle(element: Element): { readonly x: number; readonly y: number } {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
