/** Where the bytes are: a treemap with a list, the layers, what is there twice, what was left behind, and every file. */
import type { ReportImage } from "../data.ts";
import { duplicates, layerTable, leftBehind } from "./byte-tables.ts";
import { byteTree, type ByteNode, type Grouping } from "./byte-tree.ts";
import { choice, h, place, section } from "./dom.ts";
import { pathCell, table } from "./table.ts";
import { count, number, share, size } from "./text.ts";
import { treemap } from "./treemap.ts";

/** The section. */
export function bytesSection(image: ReportImage): HTMLElement {
  return section(
    "bytes",
    "Bytes",
    explorer(image),
    layerTable(image),
    image.leftBehind === undefined ? undefined : leftBehind(image.leftBehind, image.bytes),
    duplicates(image),
    h("h3", {}, "Files"),
    fileTable(image),
  );
}

function explorer(image: ReportImage): HTMLElement {
  const trees = new Map<Grouping, ByteNode>();
  const hasOrigin = image.layers.some(
    ({ stage, copiedFrom, place: written }) => stage !== undefined || copiedFrom !== undefined || written !== undefined,
  );
  const groupings: (readonly [Grouping, string])[] = [
    ...(image.layers.length > 0 ? ([["instruction", "Instruction"]] as const) : []),
    ...(hasOrigin ? ([["stage", "Stage"]] as const) : []),
    ...(image.packages.length > 0 ? ([["package", "Package"]] as const) : []),
    ["folder", "Folder"],
  ];
  let way: ByteNode[] = [];
  const crumbs = h("nav", { class: "crumbs", "aria-label": "Where in the bytes" });
  const told = h("p", { class: "told", "aria-live": "polite" });
  const list = h("div", { class: "biggest" });
  const here = (): ByteNode | undefined => way.at(-1);
  const tell = (node: ByteNode | undefined): void => {
    const one = node ?? here();
    if (one === undefined) return;
    const parts = [
      size(one.bytes),
      share(one.bytes, way[0]?.bytes ?? 0),
      ...(one.kind === "file" && one.files === 1 ? [] : [count(one.files, "file")]),
    ];
    if (one.hiddenBytes > 0) parts.push(`${size(one.hiddenBytes)} hidden by later layers`);
    told.replaceChildren(h("strong", { class: "mono" }, one.full), h("span", { class: "muted" }, ` ${parts.join(" · ")}`));
  };
  const show = (focusFirst = false): void => {
    const node = here();
    if (node === undefined) return;
    map.show(node);
    crumbs.replaceChildren(
      ...way.map((one, at) =>
        crumb(one, at === way.length - 1, () => {
          way = way.slice(0, at + 1);
          show();
        }),
      ),
    );
    list.replaceChildren(biggest(node, enter));
    tell(undefined);
    if (focusFirst) map.element.querySelector("button")?.focus({ preventScroll: true });
  };
  const enter = (further: readonly ByteNode[]): void => {
    way = [...way, ...further];
    show(map.element.contains(document.activeElement));
  };
  const map = treemap({
    onEnter: enter,
    onLeave: () => {
      if (way.length > 1) way = way.slice(0, -1);
      show(true);
    },
    onLook: tell,
  });
  const group = (grouping: Grouping): void => {
    const tree = trees.get(grouping) ?? byteTree(image, grouping);
    trees.set(grouping, tree);
    way = [tree];
    show();
  };
  // One layer, or none, says nothing.
  const [first] = groupings.find(([grouping]) => grouping !== "instruction" || image.layers.length > 1) ?? ["folder" as const];
  // The treemap must be in the document to know its size.
  queueMicrotask(() => group(first));
  return h("div", { class: "explorer" }, choice("By", groupings, first, group), crumbs, map.element, told, list);
}

function crumb(node: ByteNode, isLast: boolean, go: () => void): HTMLElement {
  return isLast
    ? h("span", { "aria-current": "true" }, node.label)
    : h("button", { type: "button", class: "link", onclick: go }, node.label);
}

const LISTED = 8;

function biggest(node: ByteNode, enter: (way: readonly ByteNode[]) => void): HTMLElement {
  const rows = node.children.slice(0, LISTED).map((child) => {
    const bar = h("span", { class: "part" });
    place(bar, { width: `${(child.bytes / Math.max(1, node.bytes)) * 100}%` });
    const name =
      child.children.length === 0
        ? h("span", { class: "mono" }, child.label)
        : h("button", { type: "button", class: "link mono", onclick: () => enter([child]) }, child.label);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", { class: "number" }, size(child.bytes)),
      h("td", { class: "number muted" }, share(child.bytes, node.bytes)),
      h("td", { class: "partcell", "aria-hidden": "true" }, bar),
    );
  });
  const more = node.children.length - rows.length;
  return h(
    "table",
    { class: "plain" },
    h("caption", {}, `Largest in ${node.label}${more > 0 ? ` (${number(more)} more)` : ""}`),
    h("thead", { class: "hidden" }, h("tr", {}, ...["Name", "Size", "Share", ""].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, ...rows),
  );
}

interface FileRow {
  readonly path: string;
  readonly bytes: number;
  readonly layer: number;
  readonly isHidden: boolean;
}

function fileTable({ files, layers }: ReportImage): HTMLElement {
  const hidden = new Set(files.hidden);
  const rows = files.name.map((name, at): FileRow => {
    const directory = files.directories[files.directory[at] ?? 0] ?? "/";
    return {
      path: `${directory === "/" ? "" : directory}/${name}`,
      bytes: files.bytes[at] ?? 0,
      layer: files.layer[at] ?? -1,
      isHidden: hidden.has(at),
    };
  });
  return table<FileRow>({
    caption: "Files of all layers",
    noun: "file",
    rows,
    sortBy: 1,
    searchText: ({ path }) => path,
    columns: [
      {
        title: "Path",
        cell: ({ path, isHidden }) => h("span", { class: "pathcell" }, isHidden && h("span", { class: "badge" }, "hidden"), pathCell(path)),
        key: ({ path }) => path,
      },
      { title: "Size", cell: ({ bytes }) => size(bytes), key: ({ bytes }) => bytes, isNumber: true, width: "6rem" },
      ...(layers.length === 0
        ? []
        : [
            {
              title: "Layer",
              cell: ({ layer }: FileRow) => String(layer + 1),
              key: ({ layer }: FileRow) => layer,
              isNumber: true,
              width: "5rem",
            },
          ]),
    ],
  });
}
