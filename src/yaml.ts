/** YAML texts that strangers may have written: the one place that parses them. */
import type * as yamlPackage from "yaml";
import type { Document, LineCounter } from "yaml";

/** A parsed text. */
interface ParsedYaml {
  readonly yaml: typeof yamlPackage;
  readonly document: Document;
  readonly lines: LineCounter;
  /** The first mistake, without its place, and where it is in the text: from and to. */
  readonly mistake: { readonly message: string; readonly pos: readonly [number, number] } | undefined;
}

/** Parses a text; a key that is there twice, and deep nesting, are mistakes. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  // On use: most builds have no YAML, and the parser costs start-up time.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  try {
    // The parser compares each key with each other one, which takes minutes for a file of 1 MiB.
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
    const [syntax] = document.errors;
    return { yaml, document, lines, mistake: syntax ?? repeatedKey(yaml, document) };
  } catch (error) {
    // The parser calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    return { yaml, document: new yaml.Document(), lines, mistake: { message: "the text is nested too deeply", pos: [0, 0] } };
  }
}

function repeatedKey(yaml: typeof yamlPackage, document: Document): ParsedYaml["mistake"] {
  let mistake: ParsedYaml["mistake"];
  yaml.visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!yaml.isScalar(key)) continue;
        if (seen.has(key.value)) {
          const [from = 0, to = 0] = key.range ?? [];
          mistake = { message: "Map keys must be unique", pos: [from, to] };
          return yaml.visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return mistake;
}
