import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EffectContext, scriptEffects } from "./script-effects.ts";

const there = new Set([
  "/etc/nsswitch.conf",
  "/usr/bin/java",
  "/opt",
  "/etc/localtime",
  "/bin",
  "/etc/php/8.4/mods-available/xml.ini",
  "/etc/php/8.4/cli/conf.d/15-xml.ini",
  "/etc/apache2/mods-available/mpm_event.load",
  "/etc/apache2/mods-enabled/mpm_prefork.load",
  "/etc/x.conf",
]);
const files = [
  ...there,
  "/usr/share/glib-2.0/schemas/a.gschema.xml",
  "/usr/share/glib-2.0/schemas/gschemas.compiled",
  "/etc/odbcinst.ini",
  "/usr/share/dict/cracklib-small",
  "/var/cache/cracklib/cracklib_dict.pwd",
];
const contextOf = (paths: readonly string[], more: Partial<EffectContext> = {}): EffectContext => ({
  hasCache: false,
  hasCertificates: false,
  hasJavaStore: false,
  hasPath: (path) => paths.includes(path),
  hasFile: (directory, name) => paths.some((path) => path.startsWith(`${directory}/`) && name.test(path.slice(path.lastIndexOf("/") + 1))),
  users: new Set(),
  groups: new Set(),
  ...more,
});
const full = contextOf(files, {
  hasCache: true,
  hasCertificates: true,
  hasJavaStore: true,
  users: new Set(["root", "app", "www-data"]),
  groups: new Set(["root", "adm"]),
});
const empty = contextOf([]);
/** With what the programs are for, and nothing that makes it found. */
const bare = contextOf([
  "/usr/share/glib-2.0/schemas/a.gschema.xml",
  "/usr/share/mime/packages/a.xml",
  "/usr/lib/x/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-gif.so",
  "/usr/lib/x/graphviz/libgvplugin_core.so.6",
  "/etc/php/8.4/mods-available/xml.ini",
  "/etc/apache2/mods-available/mpm_event.load",
  "/usr/share/dict/cracklib-small",
  "/var/lib/aspell/en-common.rws",
]);
const binary = { name: "p", architecture: "amd64" };

function show(script: string, context: EffectContext): string[] {
  return scriptEffects(binary, new Map([["postinst", script]]), context).map(({ effect, done }) => `${effect}: ${done}`);
}

describe("scriptEffects()", () => {
  const rows: readonly { readonly script: string; readonly full: string; readonly empty: string }[] = [
    { script: 'ldconfig -r "$DPKG_ROOT/"', full: "ld.so.cache: native", empty: "ld.so.cache: left out" },
    { script: "update-ca-certificates --hooksdir ''", full: "certificates: native", empty: "certificates: left out" },
    { script: "dpkg-trigger update-ca-certificates-java", full: "certificates: native", empty: "certificates: left out" },
    { script: "update-alternatives --install /usr/bin/java java /x/java 5", full: "alternatives: native", empty: "alternatives: left out" },
    { script: "update-alternatives --install $x java /x/java 5", full: "alternatives: left out", empty: "alternatives: left out" },
    { script: "update-alternatives --remove java /x", full: "alternatives: not needed", empty: "alternatives: not needed" },
    { script: "install_from_default /usr/share/libc-bin/nsswitch.conf /etc/nsswitch.conf", full: "name service: native", empty: "name service: left out" },
    { script: "install_directory opt 755 root", full: "directories: native", empty: "directories: left out" },
    { script: "mkdir -p /opt 2>/dev/null", full: "directories: native", empty: "directories: left out" },
    { script: "install -m 755 -d /opt", full: "directories: native", empty: "directories: left out" },
    { script: "mv -f /etc/localtime.dpkg-new /etc/localtime", full: "local time: native", empty: "local time: left out" },
    { script: "ln -sf usr/bin /bin", full: "files: native", empty: "files: left out" },
    { script: "ucf --three-way /usr/share/p/x.conf /etc/x.conf", full: "configuration: native", empty: "configuration: left out" },
    { script: "ucf $made /etc/x.conf", full: "configuration: left out", empty: "configuration: left out" },
    { script: "cat >/etc/x.conf <<EOF\na\nEOF", full: "files: native", empty: "files: left out" },
    { script: "{ echo a; echo b; } > /etc/x.conf", full: "files: native", empty: "files: left out" },
    { script: "adduser --system --home /x --group app", full: "accounts: native", empty: "accounts: needed" },
    { script: "useradd -r -s /bin/false app", full: "accounts: native", empty: "accounts: needed" },
    { script: "addgroup --system adm", full: "accounts: native", empty: "accounts: left out" },
    { script: "chown www-data:adm /var/log/x", full: "owners and modes: left out", empty: "accounts: needed" },
    { script: "chown root:adm /var/log/x", full: "owners and modes: left out", empty: "accounts: needed" },
    { script: "chown 0:4 /var/log/x", full: "owners and modes: left out", empty: "owners and modes: left out" },
    { script: "dpkg-divert --add --divert /.lib64.usr-is-merged /lib64", full: "diversions: not needed", empty: "diversions: not needed" },
    { script: "dpkg-divert --add /bin/sh", full: "diversions: left out", empty: "diversions: left out" },
    { script: "py3compile -p x", full: "byte code: not needed", empty: "byte code: not needed" },
    { script: "/usr/bin/python3.13 -E -S /usr/lib/python3.13/py_compile.py $files", full: "byte code: not needed", empty: "byte code: not needed" },
    { script: "db_get x/y", full: "questions: not needed", empty: "questions: not needed" },
    { script: "systemctl daemon-reexec", full: "services: not needed", empty: "services: not needed" },
    { script: "dpkg-maintscript-helper rm_conffile /x 1 -- \"$@\"", full: "upgrades: not needed", empty: "upgrades: not needed" },
    { script: "/usr/lib/x/vlc/vlc-cache-gen /usr/lib/x/vlc/plugins", full: "caches: left out", empty: "caches: left out" },
    { script: "fc-cache -s", full: "caches: left out", empty: "caches: left out" },
    { script: "chmod 4755 /usr/bin/x", full: "owners and modes: left out", empty: "owners and modes: left out" },
    { script: "rm -f /etc/x.conf", full: "removals: left out", empty: "removals: not needed" },
    { script: "phpenmod -v 8.4 xml", full: "modules: native", empty: "modules: native" },
    { script: "libgvc7-configure --all", full: "commands: left out", empty: "commands: left out" },
    { script: "$hook rtinstall", full: "commands: left out", empty: "commands: left out" },
    { script: "frobnicate | sort > /etc/x.conf", full: "commands: left out", empty: "commands: left out" },
  ]; // prettier-ignore
  for (const { script, full: inFull, empty: inEmpty } of rows)
    it(`A4: judges ${script}`, () => assert.deepEqual([show(script, full)[0], show(script, empty)[0]], [inFull, inEmpty]));

  const needed: readonly { readonly script: string; readonly bare: string; readonly full: string; readonly empty: string }[] = [
    { script: "/usr/lib/x/glib-2.0/glib-compile-schemas /usr/share/glib-2.0/schemas", bare: "schemas: needed", full: "schemas: native", empty: "schemas: not needed" },
    { script: "update-mime-database /usr/share/mime", bare: "media types: needed", full: "media types: not needed", empty: "media types: not needed" },
    { script: "/x/gdk-pixbuf-query-loaders --update-cache", bare: "image loaders: needed", full: "image loaders: not needed", empty: "image loaders: not needed" },
    { script: "libgvc6-config-update -c", bare: "plugins: needed", full: "plugins: not needed", empty: "plugins: not needed" },
    { script: "php_invoke enmod 8.4 ALL xml", bare: "modules: needed", full: "modules: native", empty: "modules: native" },
    { script: "a2enmod -q mpm_event", bare: "modules: needed", full: "modules: native", empty: "modules: native" },
    { script: "update-cracklib >/dev/null", bare: "dictionaries: needed", full: "dictionaries: native", empty: "dictionaries: not needed" },
    { script: "aspell-autobuildhash", bare: "dictionaries: needed", full: "dictionaries: not needed", empty: "dictionaries: not needed" },
    { script: "odbcinst -i -d -f /usr/share/tdsodbc/odbcinst.ini", bare: "drivers: needed", full: "drivers: native", empty: "drivers: needed" },
    { script: "pam-auth-update --package", bare: "logins: needed", full: "logins: needed", empty: "logins: needed" },
  ]; // prettier-ignore
  for (const { script, ...want } of needed)
    it(`A4: names as needed ${script}`, () =>
      assert.deepEqual({ bare: show(script, bare)[0], full: show(script, full)[0], empty: show(script, empty)[0] }, want));

  it("says nothing of what changes nothing", () => {
    assert.deepEqual(show("set -e\necho hello\nf() {\n  chmod 1 /x\n}\nif which x; then grep y /z | sed 's/a/b/'; fi\nexit 0", full), []);
  });
  it("A4: judges what a function does where it is called, unless a rule knows the function", () => {
    const script =
      'install_directory() {\n  mkdir "$1"\n  chown root "$1"\n}\nmine() {\n  chmod 700 "$1"\n  frobnicate\n}\ninstall_directory /opt\nmine /x';
    assert.deepEqual(show(script, full), ["directories: native", "owners and modes: left out", "commands: left out"]);
  });
  it("A4: tells of a script that it cannot read", () => {
    const [only] = scriptEffects(binary, new Map([["postinst", "#!/usr/bin/perl\nprint 1;"]]), full);
    assert.deepEqual([only?.effect, only?.done, only?.text], ["commands", "left out", "it is a program of /usr/bin/perl"]);
  });
  it("A4: names the accounts that Debian has on every system", () => {
    const [only] = scriptEffects(binary, new Map([["postinst", "chown -R www-data:adm /var/lib/x"]]), empty);
    assert.equal(only?.text, "the base has no user www-data: name it in the recipe, { name: www-data, uid: 33, gid: 33, home: /var/www }");
  });
  it("joins commands with one effect, and keeps them with their variables filled in", () => {
    const [only, ...more] = scriptEffects(binary, new Map([["postinst", "db_version 2.0\nx=a\ndb_get $x\ndb_get a >/dev/null"]]), full);
    assert.deepEqual(only, {
      package: "p",
      script: "postinst",
      effect: "questions",
      done: "not needed",
      text: "defaults are taken",
      commands: ["db_version 2.0", "db_get a"],
    });
    assert.equal(more.length, 0);
  });
  it("reads triggers", () => {
    const triggers = "# for libraries\nactivate-noawait ldconfig\ninterest-noawait /usr/lib\nactivate update-ca-certificates-java\n";
    assert.deepEqual(
      scriptEffects(binary, new Map([["triggers", triggers]]), full).map(({ effect, done }) => `${effect}: ${done}`),
      ["ld.so.cache: native", "triggers: not needed", "certificates: native"],
    );
  });
});
