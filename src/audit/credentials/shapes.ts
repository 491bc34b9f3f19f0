/** What credentials look like in the files that are made for them. Pure: a path and a text in, a few words out; never the value. */
import type { Severity } from "../types.ts";

/** What was recognised. */
export interface Shape {
  readonly id: "private-key" | "access-token" | "env-file";
  /** "a token of a package registry" */
  readonly what: string;
  /** Less than the kind's, where there is doubt. */
  readonly severity?: Severity;
  /** Names, never values. */
  readonly names?: readonly string[];
}

interface Rule {
  /** Of the whole path, without leading slash. */
  readonly path: RegExp;
  readonly find: (text: string) => Shape | undefined;
}

/** Files of test suites hold keys and tokens that open nothing. */
const TESTS =
  /(?:^|\/)(?:tests?|testdata|fixtures?|examples?|samples?|spec|__tests__|node_modules|site-packages|dist-packages|usr\/share\/doc)\//i;
const PEM = /-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP) )?PRIVATE KEY(?: BLOCK)?-----/g;
/** Less is no key, but a text about keys. */
const MIN_PEM = 100;
const MAX_PEMS = 50;
const PEM_ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
/** Names of variables that hold credentials; "_FILE" names where one is. */
const SENSITIVE =
  /(?:^|[_.-])(?:pass(?:word|wd|phrase)?|secret|token|api_?key|access_?key|private_?key|credentials?|auth)(?:$|[_.-](?!file$|path$|name$|url$|id$))/i;
const PLACEHOLDER = /^(?:$|\$|<|\*+$|x+$|change_?me|replace|your|example|dummy|todo|none|null|true|false|\d{1,5}$)/i;
/** Tokens that say whose they are: GitHub, GitLab, npm, Slack, Stripe, Google. */
const KNOWN_TOKENS =
  /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}|glpat-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{20,}|sk_live_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{35})\b/;
const AWS_SECRET =
  /(?:aws_?secret_?access_?key|SecretAccessKey)["']?[ \t]{0,8}[:=][ \t]{0,8}["']?(?!.{0,40}EXAMPLE)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/i;

/** "postgres://user:word@host" */
const URL_PASSWORD_IN_VALUE = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:(?!\$)[^\s/@]{3,}@/;
/** Not a variable that is filled in later. */
const URL_PASSWORD = /\bhttps?:\/\/[^\s/:@]+:(?!\$|%)[^\s/@]+@/;

const token = (what: string): Shape => ({ id: "access-token", what });

const RULES: readonly Rule[] = [
  {
    path: /(?:^|\/)(?:\.npmrc|npmrc)$/,
    find: (text) =>
      /_(?:authToken|auth|password)[ \t]{0,8}=[ \t]{0,8}(?!["']?\$)[^\s]/.test(text)
        ? token("a token of a package registry (npmrc)")
        : undefined,
  },
  {
    path: /(?:^|\/)\.yarnrc\.yml$/,
    find: (text) =>
      /npmAuth(?:Token|Ident):[ \t]{0,8}(?!["']?\$)[^\s]/.test(text) ? token("a token of a package registry (yarnrc)") : undefined,
  },
  { path: /(?:^|\/)(?:\.docker\/config\.json|\.dockercfg|\.dockerconfigjson|containers\/auth\.json)$/, find: dockerAuths },
  { path: /(?:^|\/)(?:\.netrc|_netrc)$/, find: (text) => (/\bpassword[ \t]{1,8}\S/.test(text) ? token("a password (netrc)") : undefined) },
  { path: /(?:^|\/)\.git-credentials$/, find: (text) => (URL_PASSWORD.test(text) ? token("a password of a git server") : undefined) },
  {
    path: /(?:^|\/)\.git\/config$/,
    find: (text) =>
      URL_PASSWORD.test(text) || /extraheader[ \t]{0,8}=[ \t]{0,8}authorization:/i.test(text)
        ? token("a password of a git server (in .git/config)")
        : undefined,
  },
  {
    path: /(?:^|\/)(?:\.pypirc|pip\.conf)$/,
    find: (text) =>
      /^[ \t]{0,8}password[ \t]{0,8}[:=][ \t]{0,8}(?!\$|%)\S/m.test(text) || URL_PASSWORD.test(text)
        ? token("a password of a package index (Python)")
        : undefined,
  },
  {
    path: /(?:^|\/)(?:\.kube\/config|kubeconfig|[^/]*\.kubeconfig)$/,
    find: (text) =>
      /^[ \t-]{0,32}(?:client-key-data|token|password):[ \t]{1,8}\S{8}/m.test(text)
        ? token("a credential of a Kubernetes cluster")
        : undefined,
  },
  { path: /(?:^|\/)\.env(?:\.(?!example$|sample$|template$|dist$|defaults?$)[^/]+)?$/, find: envFile },
];

/** Texts in which credentials by shape alone are looked for. Keys are in files of any name that says so. */
const CONFIGURATION =
  /\.(?:pem|key|p8|crt|cer|json|ya?ml|toml|ini|conf|cfg|config|properties|env|txt|xml|sh|bash|zsh|tfvars|tfstate|credentials)$|(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_[a-z0-9]+_key|credentials|\.(?:env|bashrc|profile|bash_history|sh_history|zsh_history|pgpass|my\.cnf)|[^/]*private[^/]*)$/i;
/** Where packages keep what is no configuration of this image. */
const ELSEWHERE =
  /^(?:usr\/(?:share|include|lib\/python|lib\/node|src)|var\/lib\/dpkg|usr\/lib\/[a-z0-9_]+-linux-[a-z]+\/(?:perl|gconv))|(?:^|\/)node_modules\/|\/(?:site|dist)-packages\//;

/** May a file of this path hold credentials? Decides from the path alone what is read at all. */
export function mayHoldCredentials(path: string): boolean {
  return RULES.some((rule) => rule.path.test(path)) || (CONFIGURATION.test(path) && !ELSEWHERE.test(path));
}

/** What is in the text of a file. */
export function credentialShape(path: string, text: string): Shape | undefined {
  for (const rule of RULES) {
    const found = rule.path.test(path) ? rule.find(text) : undefined;
    if (found !== undefined) return found;
  }
  if (holdsKey(text)) {
    if (TESTS.test(`/${path}`)) return { id: "private-key", what: "a private key, probably of a test", severity: "note" };
    if (PEM_ENCRYPTED.test(text)) return { id: "private-key", what: "a private key that a passphrase protects", severity: "warning" };
    return { id: "private-key", what: "a private key" };
  }
  if (TESTS.test(`/${path}`)) return undefined;
  if (AWS_SECRET.test(text)) return token("a secret access key of AWS");
  return KNOWN_TOKENS.test(text) ? token("an access token") : undefined;
}

/** A key in PEM form, with line breaks or with "\\n" as in JSON. */
function holdsKey(text: string): boolean {
  let seen = 0;
  for (const { index } of text.matchAll(PEM)) {
    const end = text.indexOf("-----END ", index);
    if (end < 0) return false;
    if (end - index >= MIN_PEM) return true;
    seen += 1;
    if (seen > MAX_PEMS) return false;
  }
  return false;
}

/** Is this the name of a variable that holds a credential, and the value none that only stands for one? */
export function isCredentialVariable(name: string, value: string): boolean {
  return SENSITIVE.test(name) && value.length >= 6 && !PLACEHOLDER.test(value);
}

function envFile(text: string): Shape | undefined {
  const names: string[] = [];
  for (const line of text.split("\n")) {
    const [, name = "", value = ""] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*["']?([^"'\n]*)/.exec(line) ?? [];
    if (isCredentialVariable(name, value.trim()) || URL_PASSWORD_IN_VALUE.test(value)) names.push(name);
  }
  return names.length === 0 ? undefined : { id: "env-file", what: `a file of variables with ${names.slice(0, 5).join(", ")}`, names };
}

function dockerAuths(text: string): Shape | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const auths = property(value, "auths") ?? value;
  if (typeof auths !== "object" || auths === null) return undefined;
  const registries = Object.entries(auths).flatMap(([name, login]: [string, unknown]) =>
    [property(login, "auth"), property(login, "identitytoken"), property(login, "password")].some(
      (one) => typeof one === "string" && one !== "",
    )
      ? [name]
      : [],
  );
  return registries.length === 0 ? undefined : { ...token("a login of a container registry"), names: registries };
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
