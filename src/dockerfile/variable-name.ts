/** Names of variables after "$": letters, digits and underscores of any script, digits alone, or one of the shell's special characters. */

/** The name at a position of `text`, or "". */
export function variableName(text: string, from: number): string {
  let at = from;
  const first = text.charAt(at);
  if (isDigit(first)) {
    while (isDigit(text.charAt(at))) at += 1;
  } else if (first !== "" && "@*#?-$!".includes(first)) {
    at += 1;
  } else {
    for (;;) {
      const point = text.codePointAt(at);
      if (point === undefined || !isNamePoint(point)) break;
      at += point > 0xffff ? 2 : 1;
    }
  }
  return text.slice(from, at);
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

function isNamePoint(point: number): boolean {
  if (point < 0x80) return (point >= 97 && point <= 122) || (point >= 65 && point <= 90) || (point >= 48 && point <= 57) || point === 95;
  return /^[\p{L}\p{Nd}]$/u.test(String.fromCodePoint(point));
}
