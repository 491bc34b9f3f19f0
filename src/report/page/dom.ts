/** Elements, made one by one: text becomes text nodes, with what is invisible in it made visible. Nothing here parses markup. */
import { visible } from "./text.ts";

type Child = Node | string | undefined | false;
type Attribute = string | number | boolean | undefined | ((event: Event) => void);

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are functions are listeners: `onclick`. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** An SVG element. */
export function s<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name) as SVGElementTagNameMap[Name];
  fill(element, attributes, children);
  return element;
}

function fill(element: Element, attributes: Readonly<Record<string, Attribute>>, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false)
      element.setAttribute(name, name === "title" || name === "aria-label" ? visible(String(value)) : String(value));
  }
  for (const child of children) {
    if (child === undefined || child === false) continue;
    element.append(typeof child === "string" ? document.createTextNode(visible(child)) : child);
  }
}

/** Text whose line ends count. */
export function lines(text: string): Text {
  return document.createTextNode(visible(text, true));
}

/** Sets lengths by the object model: the page's policy refuses style attributes. */
export function place(element: HTMLElement | SVGElement, style: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
}

/** A list of labelled values. */
export function facts(pairs: readonly (readonly [label: string, value: string | Node | undefined])[]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...pairs.flatMap(([label, value]) =>
      value === undefined || value === "" ? [] : [h("div", {}, h("dt", {}, label), h("dd", {}, value))],
    ),
  );
}

/** A section of the page with its heading. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title`, tabindex: -1 }, title), ...children);
}

/** "Dockerfile:12". */
export function placeText(place: { readonly file: string; readonly line: number } | undefined): string {
  return place === undefined ? "" : `${place.file}:${place.line}`;
}

/** A row of buttons of which one is pressed. */
export function choice<Value extends string>(
  label: string,
  options: readonly (readonly [value: Value, text: string])[],
  chosen: Value,
  onChoose: (value: Value) => void,
): HTMLElement {
  const buttons = options.map(([value, text]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": value === chosen ? "true" : "false",
        onclick: (event) => {
          for (const button of buttons) button.setAttribute("aria-pressed", button === event.currentTarget ? "true" : "false");
          onChoose(value);
        },
      },
      text,
    ),
  );
  return h("div", { class: "choice", role: "group", "aria-label": label }, h("span", { class: "label" }, label), ...buttons);
}
