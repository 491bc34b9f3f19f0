/** A table of any length: only the rows in sight exist. Sorted by its headers, filtered by a search. */
import { h, place } from "./dom.ts";
import { count, number, visible } from "./text.ts";

/** One column. */
interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Node | string;
  /** What rows are sorted by; numbers begin with the largest. */
  readonly key: (row: Row) => string | number;
  readonly isNumber?: boolean;
  /** Left out where there is no room for it: another column tells the same there. */
  readonly isWide?: boolean;
  /** CSS width. */
  readonly width?: string;
}

/** What a table shows. */
interface TableOptions<Row> {
  readonly caption: string;
  /** "package": what a row is. */
  readonly noun: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** Position of the column that rows are sorted by at first. */
  readonly sortBy: number;
  /** The text that the search looks in; absent: no search. */
  readonly searchText?: (row: Row) => string;
  /** Pixels; every row has this height. */
  readonly rowHeight?: number;
}

const BEYOND = 8;
/** Rows on paper: the first ones, as they are sorted. */
const PRINTED = 200;

/** Makes the table with its search and count. */
export function table<Row>(options: TableOptions<Row>): HTMLElement {
  const { caption, noun, rows, columns, searchText, rowHeight = 36 } = options;
  let sortBy = options.sortBy;
  let isReversed = false;
  let sought = "";
  let isPrinted = false;
  let shown: readonly Row[] = [];

  const body = h("tbody");
  const status = h("p", { class: "muted small", role: "status" });
  const heads = columns.map((column, at) => {
    const button = h("button", { type: "button", onclick: () => sort(at) }, column.title);
    return h("th", { scope: "col", class: classOf(column) }, button);
  });
  const widths = h(
    "colgroup",
    {},
    ...columns.map(({ width, isWide }) => {
      const col = h("col", { class: isWide === true ? "wide" : "" });
      if (width !== undefined) place(col, { width });
      return col;
    }),
  );
  const grid = h(
    "table",
    { class: "rows", "aria-rowcount": rows.length + 1 },
    h("caption", {}, caption),
    widths,
    h("thead", {}, h("tr", { "aria-rowindex": 1 }, ...heads)),
    body,
  );
  const box = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption, onscroll: () => draw() }, grid);
  place(box, { "--row": `${rowHeight}px` });

  const sort = (at: number): void => {
    isReversed = at === sortBy && !isReversed;
    sortBy = at;
    update();
  };
  const update = (): void => {
    const words = sought
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const found = searchText === undefined || words.length === 0 ? [...rows] : rows.filter((row) => hasAll(searchText(row), words));
    const column = columns[sortBy];
    if (column !== undefined) found.sort((a, b) => compare(column.key(a), column.key(b)) * (isReversed ? -1 : 1));
    shown = found;
    heads.forEach((head, at) => {
      const isUp = (columns[at]?.isNumber === true) === isReversed;
      if (at === sortBy) head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    status.textContent = shown.length === rows.length ? count(rows.length, noun) : `${number(shown.length)} of ${count(rows.length, noun)}`;
    box.scrollTop = 0;
    draw();
  };
  const draw = (): void => {
    const all = isPrinted;
    const height = box.clientHeight || 600;
    const first = all ? 0 : Math.max(0, Math.floor(box.scrollTop / rowHeight) - BEYOND);
    const last = all ? PRINTED : Math.ceil((box.scrollTop + height) / rowHeight) + BEYOND;
    const seen = shown.slice(first, last);
    body.replaceChildren(
      spacer(first * rowHeight),
      ...seen.map((row, at) =>
        h(
          "tr",
          { "aria-rowindex": first + at + 2 },
          ...columns.map((column, position) =>
            h(position === 0 ? "th" : "td", { ...(position === 0 ? { scope: "row" } : {}), class: classOf(column) }, column.cell(row)),
          ),
        ),
      ),
      spacer(all ? 0 : Math.max(0, shown.length - first - seen.length) * rowHeight),
    );
    if (all && shown.length > seen.length)
      body.append(h("tr", {}, h("td", { colspan: 2 }, `and ${number(shown.length - seen.length)} more in the file`)));
  };
  const print = (now: boolean): void => {
    isPrinted = now;
    draw();
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  new ResizeObserver(() => draw()).observe(box);

  update();
  const search =
    searchText === undefined
      ? undefined
      : h(
          "label",
          { class: "search" },
          h("span", {}, `Search ${noun}s`),
          h("input", {
            type: "search",
            autocomplete: "off",
            spellcheck: "false",
            oninput: (event) => {
              sought = event.currentTarget instanceof HTMLInputElement ? event.currentTarget.value : "";
              update();
            },
          }),
        );
  return h("div", { class: "table" }, h("div", { class: "bar" }, search, status), box);
}

function classOf({ isNumber, isWide }: { readonly isNumber?: boolean; readonly isWide?: boolean }): string {
  return `${isNumber === true ? "number" : ""}${isWide === true ? " wide" : ""}`.trim();
}

/** One cell is enough: a column that is left out must not come back by a span. */
function spacer(height: number): HTMLElement {
  const cell = h("td", { class: "spacer" });
  place(cell, { height: `${height}px` });
  return h("tr", { "aria-hidden": "true", class: "spacer" }, cell);
}

function hasAll(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/** A cell with a second, quieter line. */
export function twoLines(first: string, second: string): HTMLElement {
  return h("div", { class: "two" }, h("span", { title: first }, first), h("span", { class: "muted small", title: second }, second));
}

/** A path whose end is seen when it is cut. */
export function pathCell(path: string): HTMLElement {
  const slash = path.lastIndexOf("/");
  return h(
    "span",
    { class: "path", title: visible(path) },
    h("span", { class: "head" }, path.slice(0, slash + 1)),
    h("span", { class: "tail" }, path.slice(slash + 1)),
  );
}
