/** What each command of a maintainer script means for a base: one table. Pure. */
import { accountsOf, type NamedAccounts } from "./account-commands.ts";
import { alternativesOf } from "./alternatives.ts";
import { configFile } from "./config-files.ts";
import { availableFile, enabledFile, enabledParts } from "./enabled-parts.ts";
import type { EffectContext, EffectState, Rule, Verdict } from "./effect-rule.ts";
import { NEEDED_RULES } from "./needed-rules.ts";
import type { ScriptCommand } from "./read-script.ts";

/** One command's effect. */
interface Judgement {
  readonly effect: string;
  readonly done: EffectState;
  readonly text: string;
}

/** Links of a merged /usr, which are put aside and made again. */
const MERGED = /^\/(?:bin|sbin|lib\w*)$/;
const UNTOLD = "what it would do cannot be told without running the script";
const always =
  (done: EffectState, text: string): Rule["judge"] =>
  () => [done, text];

/** Is the path at `place` of the command in the base, whoever brought it there? */
const whenThere =
  (place: number): Rule["judge"] =>
  ({ words }, context) =>
    bringing(words.at(place)?.text ?? "", context);

function bringing(path: string, { hasPath }: EffectContext): Verdict {
  return hasPath(path.startsWith("/") ? path : `/${path}`)
    ? ["native", "the base has it"]
    : ["left out", "bring it by the recipe where it is needed"];
}

/** Commands that only look, say something, or order the script itself. */
const LOOKS =
  /^(?:echo|printf|cat|grep|egrep|fgrep|zgrep|awk|gawk|mawk|cut|tr|head|tail|sort|uniq|wc|xargs|tee|read|trap|umask|cd|pushd|popd|wait|sleep|which|command|type|hash|getent|id|whoami|logname|tty|uname|hostname|date|expr|seq|basename|dirname|readlink|realpath|ls|stat|du|df|mktemp|tempfile|md5sum|sha\d+sum|cksum|cmp|diff|dpkg|dpkg-query|dpkg-architecture|dpkg-vendor|dpkg-realpath|apt-config|ischroot|mountpoint|pidof|pgrep|ps|runlevel|logger|getopt|getopts|getcap|locale|phpquery|a2query|apache2_msg|apache2_needs_action|py3versions|python3? -c|perl -e|debconf-\S+|systemd-detect-virt|env|set|let|times|ulimit|zcat|gzip -c|\[|\(\()(?: |$)/;

/** Each module of PHP says for itself that it is for all of PHP's programs, whoever asks for all modules of one program. */
function allModules({ words }: ScriptCommand, { hasFile }: Pick<EffectContext, "hasFile">): Verdict | undefined {
  const [name, action, version, sapi, module] = words;
  if (name?.text !== "php_invoke" || action?.text !== "enmod" || version?.known !== true || sapi?.known !== true || module?.known !== false)
    return undefined;
  const hasModules = hasFile(`/etc/php/${version.text}/${sapi.text}/conf.d`, /\.ini$/);
  return hasModules ? ["native", "the links are there"] : ["not needed", "the base has nothing to enable"];
}

/** The first rule that fits a command, written with single spaces, is its rule. */
const RULES: readonly Rule[] = [
  {
    effect: "ld.so.cache",
    test: /^(?:ldconfig\b|activate(?:-\w+)? ldconfig$)/,
    judge: (_, { hasCache }) =>
      hasCache ? ["native", "/etc/ld.so.cache lists all libraries of the base"] : ["left out", 'say "ldCache: true" in the recipe'],
  },
  {
    effect: "certificates",
    test: /^(?:(?:dpkg-trigger (?:--\S+ )*)?update-ca-certificates(?:-java)?\b|activate(?:-\w+)? update-ca-certificates)/,
    judge: ({ text }, { hasCertificates, hasJavaStore }) =>
      (/-java/.test(text) ? hasJavaStore : hasCertificates)
        ? ["native", "the bundle in /etc/ssl/certs is made from the recipe"]
        : ["left out", 'say "certificates" in the recipe'],
  },
  {
    effect: "alternatives",
    test: /^update-alternatives\b/,
    judge(command, { hasPath }) {
      const links = alternativesOf(command);
      if (links === undefined) return ["not needed", "it looks up or removes what is not there"];
      if (links.length === 0) return ["left out", UNTOLD];
      const [{ link, target } = { link: "", target: "" }] = links;
      return hasPath(link) ? ["native", `${link} is there`] : ["left out", `${target} is not in the base`];
    },
  },
  { effect: "name service", test: /^install_from_default \S*\/nsswitch\.conf /, judge: whenThere(2) },
  { effect: "directories", test: /^(?:install_directory|install_local_dir|migrate_directory) /, judge: whenThere(1) },
  {
    effect: "local time",
    test: /\/etc\/localtime/,
    judge: (_, { hasPath }) => (hasPath("/etc/localtime") ? ["native", "UTC"] : ["left out", "the C library takes UTC"]),
  },
  {
    effect: "configuration",
    test: /^ucf /,
    judge(command, { hasPath }) {
      const file = configFile(command);
      if (file === undefined) return ["left out", UNTOLD];
      return hasPath(file.target) ? ["native", "the base has it"] : ["left out", `${file.source} is not in the base`];
    },
  },
  {
    effect: "modules",
    test: /^(?:php_invoke |phpenmod |apache2_invoke |apache2_switch_mpm |a2en(?:mod|conf|site) )/,
    judge(command, { hasPath, hasFile }) {
      const parts = enabledParts(command);
      if (parts === undefined) return allModules(command, { hasFile }) ?? ["left out", UNTOLD];
      const missing = parts.filter((part) => {
        const { folder, name } = enabledFile(part);
        return hasPath(availableFile(part)) && !hasFile(folder, name);
      });
      return missing.length === 0 ? ["native", "the links are there"] : ["needed", "it is not loaded"];
    },
  },
  ...NEEDED_RULES,
  {
    effect: "accounts",
    test: /^(?:adduser|addgroup|useradd|groupadd|usermod|groupmod|systemd-sysusers|update-passwd)\b/,
    judge(command, context) {
      if (/^update-passwd\b/.test(command.words[0]?.text ?? "")) return bringing("/etc/passwd", context);
      return missingAccounts(accountsOf(command), context) ?? ["native", "the recipe has it"];
    },
  },
  {
    effect: "diversions",
    test: /^dpkg-divert .*\.usr-is-merged\b/,
    judge: always("not needed", "they guard the merging of /usr in place"),
  },
  {
    effect: "diversions",
    test: /^dpkg-(?:divert|statoverride) (?:.* )?--(?:list|truename|listpackage)\b/,
    judge: always("not needed", "it looks up what is not there"),
  },
  { effect: "diversions", test: /^dpkg-divert (?:.* )?--remove\b/, judge: always("not needed", "it removes what is not there") },
  { effect: "diversions", test: /^dpkg-divert\b/, judge: always("left out", "files stay where their package has them") },
  { effect: "byte code", test: /(?:^py3?compile\b|\/py_compile\.py\b)/, judge: always("not needed", "Python compiles what it imports") },
  { effect: "questions", test: /^(?:db_\w+|\. \/usr\/share\/debconf\/)/, judge: always("not needed", "defaults are taken") },
  {
    effect: "services",
    test: /^(?:deb-systemd-\w+|systemctl|systemd|busctl|invoke-rc\.d|update-rc\.d|service|systemd-tmpfiles|systemd-machine-id-setup|systemd-hwdb|journalctl|udevadm|start-stop-daemon|kill|killall|initctl|telinit|apache2_reload|restart_service|nscd|sysctl)\b/,
    judge: always("not needed", "a base has no service manager"),
  },
  {
    effect: "upgrades",
    test: /^(?:(?:dpkg-maintscript-helper|ucfr)\b|mv .*\.(?:dpkg-(?:new|bak|old|dist|tmp|backup)|ucf-\w+|legacy)(?: |$))/,
    judge: always("not needed", "a base is never upgraded in place"),
  },
  {
    effect: "the host",
    test: /^(?:update-binfmts|update-initramfs|update-grub|depmod|modprobe|update-menus|restorecon|chcon|apparmor_parser)\b/,
    judge: always("not needed", "it belongs to a host or desktop"),
  },
  {
    effect: "caches",
    test: /^(?:fc-cache|gio-querymodules|gtk-query-immodules\S*|gtk-update-icon-cache\S*|update-icon-caches|update-desktop-database|update-fonts-\w+|install-info|mandb|update-mime|vlc-cache-gen)\b/,
    judge: always("left out", "programs do without it, more slowly"),
  },
  {
    effect: "triggers",
    test: /^(?:dpkg-trigger|interest(?:-\w+)?|activate(?:-\w+)?) /,
    judge: always("not needed", "for other packages' scripts"),
  },
  { effect: "modules", test: /^execute_deferred_actions$/, judge: always("not needed", "what is put off there is done at once") },
  { effect: "helpers", test: /^(?:\.|source) /, judge: always("not needed", "what it defines is told where it is called") },
  {
    effect: "removals",
    test: /^(?:rm|rmdir|unlink|find .* -delete)\b/,
    judge: ({ words }, { hasPath }) =>
      words.slice(1).some(({ text, known }) => known && text.startsWith("/") && !MERGED.test(text) && hasPath(text))
        ? ["left out", "the base keeps it"]
        : ["not needed", "it removes what is not there"],
  },
  { effect: "directories", test: /^(?:mkdir |install (?:.* )?-d )/, judge: whenThere(-1) },
  {
    effect: "owners and modes",
    test: /^(?:chown|chgrp|chmod|setcap|setfacl|ensure_file_owner_mode|dpkg-statoverride)\b/,
    judge: (command, context) =>
      missingAccounts(accountsOf(command), context) ?? [
        "left out",
        "they stay as the package has them: say others by the recipe's permissions",
      ],
  },
  { effect: "files", test: /^(?:ln|cp|touch|install|install_from_default) /, judge: whenThere(-1) },
  { effect: "files", test: /^(?:mv|sed (?:.* )?-i|truncate|dd)\b/, judge: always("left out", "bring it by the recipe where it is needed") },
];

/** What a command means; undefined for one that changes nothing. One that no rule knows is left out, and told so. */
export function judge(command: ScriptCommand, context: EffectContext): Judgement | undefined {
  const [name, ...rest] = command.words.map(({ text }) => text);
  if (name === undefined) return undefined;
  const line = [name.slice(name.lastIndexOf("/") + 1), ...rest].join(" ");
  const [written] = command.writes;
  if (written === undefined && isLook(line)) return undefined;
  const rule = RULES.find(({ test }) => test.test(line));
  if (rule !== undefined) {
    const [done, text, effect = rule.effect] = rule.judge(command, context);
    return { effect, done, text };
  }
  // The commands of its function come next.
  if (command.isCall) return undefined;
  if (written !== undefined && (isLook(line) || name === ">")) {
    const [done, text] = bringing(written.text, context);
    return { effect: "files", done, text };
  }
  return { effect: "commands", done: "left out", text: "no rule knows what it does" };
}

function isLook(line: string): boolean {
  return LOOKS.test(line) || /^sed (?!(?:.* )?(?:-i|--in-place))|^find (?!.* -(?:delete|exec)\b)/.test(line);
}

/** Undefined when the base has all of them. */
function missingAccounts({ users, groups }: NamedAccounts, context: EffectContext): Verdict | undefined {
  const user = users.find((one) => !context.users.has(one.name));
  if (user !== undefined) return ["needed", `the base has no user ${user.name}: name it in the recipe${user.hint}`, "accounts"];
  const group = groups.find((one) => !context.groups.has(one));
  return group === undefined
    ? undefined
    : ["left out", `the base has no group ${group}: name it in the recipe where it is needed`, "accounts"];
}
