/** What the image is made of, with a search. */
import type { ReportImage, ReportPackage } from "../data.ts";
import { h, section } from "./dom.ts";
import { table, twoLines } from "./table.ts";
import { count, size } from "./text.ts";

/** The section. */
export function packagesSection({ packages, unread }: ReportImage): HTMLElement {
  return section(
    "packages",
    "Packages",
    packages.length === 0
      ? h("p", { class: "muted" }, "No records of packages were found.")
      : table<ReportPackage>({
          caption: "Software bill of materials",
          noun: "package",
          rows: packages,
          sortBy: 0,
          rowHeight: 54,
          searchText: ({ kind, name, version, licences, purl, summary, location }) =>
            `${kind} ${name} ${version} ${licences.join(" ")} ${purl} ${summary ?? ""} ${location}`,
          columns: [
            {
              title: "Name",
              cell: ({ kind, name, summary, location }) => twoLines(name, `${kind} · ${summary ?? location}`),
              key: ({ name }) => name,
            },
            {
              title: "Version",
              cell: ({ version, licences }) =>
                h(
                  "div",
                  { class: "two" },
                  h("span", { title: version }, version),
                  h("span", { class: "muted small narrow", title: licences.join(", ") }, licences.join(", ")),
                ),
              key: ({ version }) => version,
              width: "26%",
            },
            {
              title: "Licence",
              cell: ({ licences }) =>
                h("span", { class: "fit", title: licences.join(", ") }, licences.length === 0 ? "–" : licences.join(", ")),
              key: ({ licences }) => licences.join(", "),
              width: "22%",
              isWide: true,
            },
            { title: "Size", cell: ({ bytes }) => size(bytes), key: ({ bytes }) => bytes, isNumber: true, width: "5.5rem" },
          ],
        }),
    unread.length === 0
      ? undefined
      : h(
          "details",
          {},
          h("summary", {}, `${count(unread.length, "record")} that could not be read`),
          h("ul", { class: "plain" }, ...unread.map(({ path, why }) => h("li", {}, h("code", {}, path), `: ${why}`))),
        ),
  );
}
