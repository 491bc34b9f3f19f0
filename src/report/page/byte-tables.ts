/** Tables of bytes: layers, what was left behind in build stages, and what is there twice. */
import type { ReportImage, ReportLeftBehind } from "../data.ts";
import { layerLabel, layerOrigin } from "./byte-tree.ts";
import { h, place, placeText } from "./dom.ts";
import { count, number, size } from "./text.ts";

/** The layers, the lowest first; undefined for a directory of the host. */
export function layerTable({ layers, bytes }: ReportImage): HTMLElement | undefined {
  if (layers.length === 0) return undefined;
  const most = Math.max(1, ...layers.map((layer) => layer.bytes));
  const rows = layers.map((layer, at) => {
    const bar = h("span", { class: "part" });
    place(bar, { width: `${(layer.bytes / most) * 100}%` });
    const hidden = h("span", { class: "part hidden-bytes" });
    place(hidden, { width: `${layer.bytes === 0 ? 0 : (layer.hiddenBytes / layer.bytes) * 100}%` });
    bar.append(hidden);
    const from = [layerOrigin(layer), placeText(layer.place)].filter((text) => text !== "").join(" · ");
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "div",
          { class: "two" },
          h("span", { class: "mono clamp", title: layer.instruction }, layerLabel(layer, at)),
          h("span", { class: "muted small" }, from),
        ),
      ),
      h(
        "td",
        { class: "number" },
        size(layer.bytes),
        layer.hiddenBytes > 0 && h("span", { class: "muted small block" }, `${size(layer.hiddenBytes)} hidden`),
      ),
      h("td", { class: "number wide" }, number(layer.files)),
      h("td", { class: "partcell", "aria-hidden": "true" }, bar),
    );
  });
  return h(
    "div",
    {},
    h("h3", {}, "Layers"),
    h(
      "table",
      { class: "plain" },
      h(
        "caption",
        {},
        `${count(layers.length, "layer")}, the lowest first. ${size(bytes)} can be seen; later layers hide the hatched part.`,
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Instruction"),
          h("th", { scope: "col", class: "number" }, "Size"),
          h("th", { scope: "col", class: "number wide" }, "Files"),
          h("td", { class: "partcell" }),
        ),
      ),
      h("tbody", {}, ...rows),
    ),
  );
}

/** What build stages held and the image does not. */
export function leftBehind({ stages, bytes, files }: ReportLeftBehind, imageBytes: number): HTMLElement {
  return h(
    "div",
    {},
    h("h3", {}, "Left behind in build stages"),
    h("p", { class: "muted" }, `${size(bytes)} in ${count(files, "file")} stayed in build stages; the image has ${size(imageBytes)}.`),
    ...stages.map((stage) =>
      h(
        "details",
        {},
        h(
          "summary",
          {},
          h("strong", {}, stage.stage),
          ` ${size(stage.bytes)} in ${count(stage.files, "file")}${stage.packageCount > 0 ? `, ${count(stage.packageCount, "package")}` : ""}`,
        ),
        h(
          "table",
          { class: "plain" },
          h("caption", {}, `Largest folders left in ${stage.stage}`),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Folder"),
              h("th", { scope: "col", class: "number" }, "Size"),
              h("th", { scope: "col", class: "number" }, "Files"),
            ),
          ),
          h(
            "tbody",
            {},
            ...stage.directories.map((directory) =>
              h(
                "tr",
                {},
                h("th", { scope: "row", class: "mono" }, directory.path),
                h("td", { class: "number" }, size(directory.bytes)),
                h("td", { class: "number" }, number(directory.files)),
              ),
            ),
          ),
        ),
        stage.packages.length > 0 &&
          h("p", { class: "small" }, `Packages: ${stage.packages.join(", ")}${stage.packageCount > stage.packages.length ? " …" : ""}`),
        stage.absentLayers > 0 &&
          h("p", { class: "muted small" }, `${count(stage.absentLayers, "layer")} only the registry has, so they are not counted.`),
      ),
    ),
  );
}

/** Contents that are there more than once. */
export function duplicates({ duplicates: { wastedBytes, largest } }: ReportImage): HTMLElement {
  if (largest.length === 0)
    return h("div", {}, h("h3", {}, "Duplicates"), h("p", { class: "muted" }, "No content of 4 kB or more is there twice."));
  return h(
    "div",
    {},
    h("h3", {}, "Duplicates"),
    h(
      "details",
      {},
      h("summary", {}, `${size(wastedBytes)} of files that are there more than once`),
      h(
        "table",
        { class: "plain" },
        h("caption", {}, `The ${number(largest.length)} most wasteful contents of 4 kB or more`),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Paths"),
            h("th", { scope: "col", class: "number" }, "Copies"),
            h("th", { scope: "col", class: "number" }, "Wasted"),
          ),
        ),
        h(
          "tbody",
          {},
          ...largest.map(({ wastedBytes: wasted, copies, paths }) =>
            h(
              "tr",
              {},
              h(
                "td",
                { class: "mono small" },
                ...paths.map((path) => h("div", { class: "break" }, path)),
                copies > paths.length && h("div", { class: "muted" }, `and ${number(copies - paths.length)} more`),
              ),
              h("td", { class: "number" }, number(copies)),
              h("td", { class: "number" }, size(wasted)),
            ),
          ),
        ),
      ),
    ),
  );
}
