/** What a build must keep to itself: learns secrets as they are read, and refuses what has one. */
import { cleanTreePath, displayPath, fromText, isWithin, type TreePath } from "../paths.ts";
import type { Layer } from "../tree/index.ts";
import { secretInLayer, secretInText } from "./errors.ts";
import { searchFor } from "./found.ts";
import { leakInLayer } from "./leaks-in-layer.ts";
import type { KnownSecret } from "./needles.ts";
import { masked, maskedStream, type MaskedStream } from "./mask.ts";

/** Knows the secrets of a build. */
export interface SecretGuard {
  /** Remembers a value; `name` is for messages: "secret "npm"". One that is too short or too plain is not looked for: it is in files by chance. */
  learn(name: string, value: Uint8Array): void;
  /** Throws `SECRET_IN_IMAGE` where a new layer has a secret. `below`: the folder in it that paths start from. Default: its root. */
  checkLayer(layer: Layer, signal: AbortSignal, below?: string): Promise<void>;
  /** The same for text that is written out: a configuration, a provenance. `what`: "the configuration of the image". */
  checkText(what: string, text: string): void;
  /** For the output of a step. */
  maskedStream(): MaskedStream;
  /** A text with "***" for each secret. */
  masked(text: string): string;
}

/** Makes one that knows nothing. `allowed`: paths of images, with all below them, that may have secrets. */
export function createSecretGuard(allowed: readonly string[]): SecretGuard {
  const known = new Map<string, KnownSecret>();
  const paths = allowed.map((path) => cleanTreePath(fromText(path)));
  const isAllowed = (path: TreePath): boolean => paths.some((one) => isWithin(path, one));
  let search = searchFor([]);
  const hidden = (text: string): string => {
    if (search.longest === 0) return text;
    const bytes = Buffer.from(text, "utf8");
    const result = masked(bytes, search);
    return result === bytes ? text : result.toString("utf8");
  };

  return {
    learn(id, value) {
      const key = Buffer.from(value).toString("latin1");
      if (known.has(key)) return;
      known.set(key, { id, value });
      search = searchFor([...known.values()]);
    },
    async checkLayer(layer, signal, below = "") {
      if (search.longest === 0) return;
      const folder = cleanTreePath(fromText(below));
      const inside = (path: TreePath): TreePath =>
        folder === "" || !isWithin(path, folder) ? path : cleanTreePath(path.slice(folder.length));
      const leak = await leakInLayer(layer, search, { isAllowed: (path) => isAllowed(inside(path)), signal });
      if (leak !== undefined) throw secretInLayer(leak.secret, hidden(displayPath(inside(leak.path))), leak.form);
    },
    checkText(what, text) {
      const found = search.find(Buffer.from(text, "utf8"));
      if (found !== undefined) throw secretInText(found.secret, what, found.form);
    },
    maskedStream: () => maskedStream(() => search),
    masked: hidden,
  };
}
