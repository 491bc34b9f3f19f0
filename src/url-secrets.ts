/**
 * What must not be shown of addresses: user information and the values of queries that may be secrets, in history, progress, events, records,
 * provenance and errors. What is known to be harmless stays; whatever is not known is taken for a secret. Pure.
 */

const HIDDEN = "xxxxx";
const SCHEME_CHAR = /[a-z0-9+.-]/i;
/** What an address has after its "://". */
const REST = /[^\s"'`<>]+/y;
const PARTS = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?([^?#]*)(\?[^#]*)?(#.*)?$/is;
/** Variables of a Dockerfile are no secrets yet: "$USER:${PW}@". */
const VARIABLES = /^(?:\$(?:\w+|\{[^}]*\}):?)+$/;
/** What queries of git references and of release pages say. */
const HARMLESS: ReadonlySet<string> = new Set(
  (
    "ref tag branch subdir checksum commit keep-git-dir submodules mtime fetch-by-commit " +
    "v ver version release channel arch os platform target variant edition lang locale format type ext file filename name path raw inline download dl archive"
  ).split(" "),
);
const SECRET_KEY = /tok|sec|pass|pw|auth|key|sig|cred|code|pin|session|jwt|sas|otp/i;
const PROXY = /^(?:https?|ftp|no|all)_proxy$/i;
/** Too short for a secret, or a version. */
const TRIVIAL = /^(?:.{0,3}|true|false|v?\d{1,4}(?:[._-]\d{1,4}){0,3})$/;

/** An address without what may be secret; other texts stay as they are. Without a password, the user of ssh stays: it is part of the address. */
export function publicUrl(url: string): string {
  return rewritten(url, {
    userInfo: (text, scheme) => (/^(?:ssh|git\+ssh):/i.test(scheme) && text.includes("@") ? `${text.replace(/[:@].*$/s, "")}@` : ""),
    value: () => HIDDEN,
  });
}

/** The same for every address in a text. */
export function withoutUrlSecrets(text: string): string {
  return replacedUrls(text, publicUrl);
}

/** The same, with as many characters as before: for lines that have marks below them. */
export function maskUrlSecrets(text: string): string {
  const mask = (secret: string): string => "x".repeat(secret.length);
  return replacedUrls(text, (url) => rewritten(url, { userInfo: (info) => `${mask(info.slice(0, -1))}@`, value: mask }));
}

/** The value of a variable: that of a proxy without its password, with or without a scheme; every other one as it is. */
export function publicVariable(name: string, value: string): string {
  return PROXY.test(name) ? withoutUrlSecrets(value).replace(/^[^/?#\s,]*@/, "") : value;
}

/** Replaces each address of a text. An expression for whole addresses would look for the end of a scheme at each word again. */
function replacedUrls(text: string, replacement: (url: string) => string): string {
  let [result, from] = ["", 0];
  for (let mark = text.indexOf("://"); mark >= 0; mark = text.indexOf("://", Math.max(mark + 1, from))) {
    let low = mark;
    while (low > 0 && SCHEME_CHAR.test(text.charAt(low - 1))) low -= 1;
    // With the character before it, which may be part of a word.
    const before = Math.max(low - 1, 0);
    const scheme = text.slice(before, mark).search(/\b[a-z]/i);
    REST.lastIndex = mark + 3;
    const rest = REST.exec(text)?.[0];
    if (scheme < 0 || rest === undefined) continue;
    const end = mark + 3 + rest.length;
    result += text.slice(from, before + scheme) + replacement(text.slice(before + scheme, end));
    from = end;
  }
  return result + text.slice(from);
}

interface Hiding {
  /** Takes "user:password@". */
  readonly userInfo: (text: string, scheme: string) => string;
  readonly value: (text: string) => string;
}

function rewritten(url: string, hiding: Hiding): string {
  const found = PARTS.exec(url);
  if (found === null) return url;
  const [, scheme = "", info = "", place = "", query = "", fragment = ""] = found;
  const shown = info === "" || VARIABLES.test(info.slice(0, -1)) ? info : hiding.userInfo(info, scheme);
  return scheme + shown + place + hiddenQuery(query, hiding.value) + fragment;
}

function hiddenQuery(query: string, hide: Hiding["value"]): string {
  if (query === "") return "";
  const parts = query.slice(1).split("&");
  return `?${parts
    .map((part) => {
      const at = part.indexOf("=");
      const key = at < 0 ? part : part.slice(0, at);
      const value = at < 0 ? "" : part.slice(at + 1);
      if (HARMLESS.has(key.toLowerCase()) || VARIABLES.test(value)) return part;
      // A query that is one word may be a secret itself.
      if (at < 0) return TRIVIAL.test(key) ? part : hide(part);
      return TRIVIAL.test(value) && !SECRET_KEY.test(key) ? part : `${key}=${value === "" ? "" : hide(value)}`;
    })
    .join("&")}`;
}
