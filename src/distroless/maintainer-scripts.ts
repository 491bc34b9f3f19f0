/**
 * What the maintainer scripts of packages would have done. They are never run; this accounts for what that means: done natively by us, not needed in a base,
 * or left out. Pure.
 */
import type { ScriptName } from "../debian/index.ts";
import { alternativesOf } from "./alternatives.ts";
import { scriptCommands, type ScriptCommand } from "./script-commands.ts";

/** "native": the base has the effect. "not needed": it would change nothing here. "left out": the base is without it. */
export type EffectState = "native" | "not needed" | "left out";

/** One effect of a package's scripts. JSON-safe. */
export interface ScriptEffect {
  readonly package: string;
  readonly script: ScriptName;
  /** "ld.so.cache", "certificates", "alternatives", "directories", … */
  readonly effect: string;
  readonly done: EffectState;
  /** For people: what, or why not. */
  readonly text: string;
  /** The commands, as in the script; at most 50. */
  readonly commands: readonly string[];
}

/** What the base has, as far as scripts care. */
export interface EffectContext {
  readonly hasCache: boolean;
  readonly hasCertificates: boolean;
  readonly hasJavaStore: boolean;
  /** Is there anything at this absolute path? */
  readonly hasPath: (path: string) => boolean;
}

interface Rule {
  readonly effect: string;
  readonly test: RegExp;
  readonly judge: (command: ScriptCommand, context: EffectContext) => readonly [EffectState, string];
}

const MAX_COMMANDS = 50;
const always =
  (done: EffectState, text: string): Rule["judge"] =>
  () => [done, text];
/** Is the path at `place` of the command in the base, whoever brought it there? */
const whenThere =
  (place: number): Rule["judge"] =>
  ({ words }, { hasPath }) => {
    const path = words.at(place)?.text ?? "";
    return hasPath(path.startsWith("/") ? path : `/${path}`)
      ? ["native", "the base has it"]
      : ["left out", "bring it by the recipe where it is needed"];
  };

/** The first rule that fits a command, written with single spaces, is its rule. */
const RULES: readonly Rule[] = [
  {
    effect: "ld.so.cache",
    test: /^(?:\/sbin\/)?ldconfig\b|^activate(?:-\w+)? ldconfig$/,
    judge: (_, { hasCache }) =>
      hasCache ? ["native", "/etc/ld.so.cache lists all libraries of the base"] : ["left out", 'say "ldCache: true" in the recipe'],
  },
  {
    effect: "certificates",
    test: /^(?:dpkg-trigger (?:--\S+ )*)?update-ca-certificates(?:-java)?\b|^activate(?:-\w+)? update-ca-certificates/,
    judge: ({ text }, { hasCertificates, hasJavaStore }) =>
      (/-java/.test(text) ? hasJavaStore : hasCertificates)
        ? ["native", "the bundle in /etc/ssl/certs is made from the recipe"]
        : ["left out", 'say "certificates" in the recipe'],
  },
  {
    effect: "alternatives",
    test: /^(?:\/usr\/s?bin\/)?update-alternatives\b/,
    judge(command, { hasPath }) {
      const links = alternativesOf(command);
      if (links === undefined) return ["not needed", "it looks up or removes what is not there"];
      if (links.length === 0) return ["left out", "only running the script would show what it links"];
      const [{ link, target } = { link: "", target: "" }] = links;
      return hasPath(link) ? ["native", `${link} is there`] : ["left out", `${target} is not in the base`];
    },
  },
  { effect: "name service", test: /^install_from_default \S*\/nsswitch\.conf /, judge: whenThere(2) },
  {
    effect: "directories",
    test: /^(?:install_directory|install_local_dir|migrate_directory) /,
    judge: whenThere(1),
  },
  {
    effect: "local time",
    test: /\/etc\/localtime/,
    judge: (_, { hasPath }) => (hasPath("/etc/localtime") ? ["native", "UTC"] : ["left out", "the C library takes UTC"]),
  },
  {
    effect: "accounts",
    test: /^(?:adduser|addgroup|useradd|groupadd|usermod|systemd-sysusers)\b/,
    judge: always("left out", "name users and groups in the recipe"),
  },
  {
    effect: "diversions",
    test: /^dpkg-divert .*\.usr-is-merged\b/,
    judge: always("not needed", "they guard the merging of /usr in place"),
  },
  {
    effect: "diversions",
    test: /^dpkg-(?:divert|statoverride)\b/,
    judge: always("left out", "files stay where their package has them"),
  },
  { effect: "byte code", test: /(?:^|\/)(?:py3?compile|py_compile\.py)\b/, judge: always("not needed", "Python compiles what it imports") },
  { effect: "questions", test: /^(?:db_\w+|\. \/usr\/share\/debconf\/)/, judge: always("not needed", "defaults are taken") },
  {
    effect: "services",
    test: /^(?:deb-systemd-\w+|systemctl|invoke-rc\.d|update-rc\.d|service|systemd-tmpfiles)\b/,
    judge: always("not needed", "a base has no service manager"),
  },
  { effect: "upgrades", test: /^dpkg-maintscript-helper\b/, judge: always("not needed", "a base is never upgraded in place") },
  { effect: "binary formats", test: /^update-binfmts\b/, judge: always("not needed", "they belong to the host's kernel") },
  {
    effect: "caches",
    test: /^(?:fc-cache|update-mime-database|glib-compile-schemas|gtk-update-icon-cache|update-desktop-database|update-fonts-\w+|install-info|mandb|localedef|update-locale)\b/,
    judge: always("left out", "programs do without it, more slowly"),
  },
  {
    effect: "triggers",
    test: /^(?:dpkg-trigger|interest(?:-\w+)?|activate(?:-\w+)?) /,
    judge: always("not needed", "for other packages' scripts"),
  },
  { effect: "directories", test: /^mkdir /, judge: whenThere(-1) },
  { effect: "files", test: /^ln /, judge: whenThere(-1) },
  {
    effect: "files",
    test: /^(?:cp|mv|touch|install|install_from_default|ensure_file_owner_mode|chown|chmod|chgrp|setcap|sed -i)\b/,
    judge: always("left out", "bring it by the recipe where it is needed"),
  },
];

/** The effects of all scripts of a package, commands with the same effect and state as one. */
export function scriptEffects(name: string, scripts: ReadonlyMap<ScriptName, string>, context: EffectContext): ScriptEffect[] {
  return [...scripts].flatMap(([script, text]) => {
    const commands = script === "triggers" ? triggerCommands(text) : script === "conffiles" ? [] : scriptCommands(text);
    const found = new Map<string, { effect: string; done: EffectState; text: string; commands: Set<string> }>();
    for (const command of commands) {
      // Bodies of functions are judged where they are called.
      if (command.inside !== undefined) continue;
      const words = withoutRedirections(command);
      const line = words.words.map((word) => word.text).join(" ");
      const rule = RULES.find(({ test }) => test.test(line));
      if (rule === undefined) continue;
      const [done, why] = rule.judge(words, context);
      const key = [rule.effect, done, why].join("\0");
      const group = found.get(key) ?? { effect: rule.effect, done, text: why, commands: new Set() };
      if (group.commands.size < MAX_COMMANDS) group.commands.add(line);
      found.set(key, group);
    }
    return [...found.values()].map((one) => ({ package: name, script, ...one, commands: [...one.commands] }));
  });
}

/** The lines of a triggers file (deb-triggers(5)). */
function triggerCommands(text: string): ScriptCommand[] {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => ({ text: line, words: line.split(/\s+/).map((word) => ({ text: word, known: true })) }));
}

function withoutRedirections(command: ScriptCommand): ScriptCommand {
  const end = command.words.findIndex(({ text }) => /^\d?[<>]/.test(text));
  return end < 0 ? command : { ...command, words: command.words.slice(0, end) };
}
