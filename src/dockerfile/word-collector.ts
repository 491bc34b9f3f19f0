/** Splits expanded text into words at white space that was not quoted. */
import { isSpace } from "./slices.ts";

/** Takes the text piece by piece. Empty words are dropped. */
export interface WordCollector {
  /** Characters that may separate words. */
  split(text: string): void;
  /** Quoted or escaped characters. */
  raw(text: string): void;
  /** The words. */
  finish(): string[];
}

/** Starts without a word. */
export function createWordCollector(): WordCollector {
  const words: string[] = [];
  let word = "";
  return {
    split: (text) => {
      let start = 0;
      for (let at = 0; at < text.length; at += 1) {
        if (!isSpace(text.charCodeAt(at))) continue;
        word += text.slice(start, at);
        if (word !== "") words.push(word);
        word = "";
        start = at + 1;
      }
      word += text.slice(start);
    },
    raw: (text) => {
      word += text;
    },
    finish: () => (word === "" ? words : [...words, word]),
  };
}
