/**
 * What Decant makes instead of maintainer scripts, and what it tells of those that it leaves out, beside a Debian root in which they did run: mmdebstrap with the
 * same packages. Needs mmdebstrap and root; run by `npm run test:catalogue`.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdtempDisposableSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assembleBase, baseScripts, type Recipe, type ScriptEffect } from "../../src/distroless/index.ts";
import { joinRecipes } from "../../src/distroless/join-recipes.ts";
import { fromText, ROOT, toText, treePath } from "../../src/paths.ts";
import { openStore } from "../../src/store/index.ts";
import { type Entry, layerTree, readTreeFile, type Tree, walk } from "../../src/tree/index.ts";
import { passes, STORE } from "./support.ts";

const WANTED = `graphviz shared-mime-info gsettings-desktop-schemas libgtk-3-0t64 librsvg2-common fontconfig php-cli php-fpm php-mbstring php-xml php-mysql
  apache2 libapache2-mod-php nginx redis-server openssh-client imagemagick docbook-xml python3 perl iputils-ping`;
const SUITES = ["debian trixie", "debian trixie-updates", "debian-security trixie-security"];
const PLATFORM = { platform: { os: "linux", architecture: "amd64" }, maxAgeMs: 24 * 3_600_000 };
const MAX_BYTES = 512 * 1024 * 1024;

/** By the tools that made the root, or by what runs in it: no script of a package. */
const NOT_OF_SCRIPTS =
  /^(?:(?:dev|proc|sys|var\/(?:lib\/(?:dpkg|apt)|cache\/(?:apt|debconf)|log\/(?:apt|alternatives\.log|bootstrap\.log|dpkg\.log)))(?:\/|$)|etc\/(?:apt|(?:hostname|resolv\.conf|fstab|\.pwd\.lock)$))/;
/** A path that only the root has, and the effect that tells of it: "package effect: command". The first that fits counts. */
const TOLD: readonly (readonly [paths: RegExp, effect: RegExp])[] = [
  [/^usr\/share\/mime\//, /^shared-mime-info media types: update-mime-database/],
  [/\/gschemas\.compiled$/, /^libglib2\.0-0t64 schemas: .*glib-compile-schemas/],
  [/\/giomodule\.cache$/, /^libglib2\.0-0t64 caches: .*gio-querymodules/],
  [/\/loaders\.cache$/, /^libgdk-pixbuf-2\.0-0 image loaders: .*gdk-pixbuf-query-loaders/],
  [/\/immodules\.cache$/, /^libgtk-3-0t64 caches: .*gtk-query-immodules/],
  [/\/graphviz\/config6a$/, /^libgvc6 plugins: libgvc6-config-update -c/],
  [/icon-theme\.cache$/, /caches: (?:gtk-update-icon-cache|update-icon-caches)/],
  [/^var\/cache\/fontconfig|^var\/log\/fontconfig/, /^fontconfig caches: fc-cache/],
  [/^etc\/fonts\/conf\.d\//, /^fontconfig-config questions: db_get/],
  [/__pycache__/, /byte code: /],
  [/^etc\/alternatives\//, /alternatives: update-alternatives/],
  [/^etc\/(?:rc\S\.d|systemd)\/|^var\/lib\/systemd\/|^(?:var\/(?:lib|cache|log)\/private|etc\/credstore\S*)$|^var\/log\/README$|^run\/lock\//, /services: /],
  [/^etc\/(?:machine-id|default\/locale|vconsole\.conf|mtab)$/, /services: /],
  [/^etc\/ssl\/certs\/|^etc\/ca-certificates\.conf/, /certificates: /],
  [/^var\/lib\/(?:php\/modules|apache2)\//, /modules: /],
  [/^var\/lib\/ucf\//, /upgrades: ucfr/],
  [/^etc\/pam\.d\/common-|^var\/lib\/pam\//, /logins: pam-auth-update/],
  [/^etc\/(?:g?shadow-?|passwd-?|group-?|subuid|subgid)$/, /accounts: |files: touch \/etc\/subuid/],
  [/^etc\/(?:xml|sgml)\/|^var\/lib\/(?:xml-core|sgml-base)\/|^usr\/local\/share\/(?:xml|sgml)/, /commands: update-(?:xml)?catalog|directories: mkdir/],
  [/^etc\/(?:shells|motd|profile|inputrc|environment|hosts|networks|security\/opasswd|dpkg\/origins\/default)$|^var\/lib\/shells/, /files: |commands: update-shells/],
  [/^root\//, /^base-files files: install_from_default/],
  [/^etc\/nginx\/sites-enabled\/default$/, /^nginx-common files: ln -s/],
  [/^var\/www\/html\//, /files: cp .*\/var\/www\/html/],
  [/^var\/log\/(?:nginx|apache2)\//, /files: touch/],
  [/^var\/log\/(?:[bw]tmp|lastlog)$/, /^base-files (?:owners and modes|accounts): ensure_file_owner_mode/],
  [/^(?:var\/(?:lib|log)|etc)\/redis/, /^redis-tools (?:accounts|directories): /],
  [/^etc\/python3\/debian_config$|^var\/lib\/python/, /^python3\S* (?:files|directories): /],
  [/^usr\/share\/fonts\/X11\/|^var\/lib\/xfonts/, /caches: update-fonts-|directories: mkdir .*xfonts/],
  [/^var\/lib\/ghostscript\/fonts\//, /commands: update-gsfontmap/],
  [/^(?:var\/(?:mail|spool\/mail)|usr\/local\/man|usr\/share\/info\/dir)$/, /^base-files (?:files|directories): /],
  [/^var\/log\/journal$/, /^systemd directories: /],
  [/^var\/lib\/dbus\//, /^dbus-daemon commands: dbus-uuidgen/],
]; // prettier-ignore

describe("maintainer scripts, beside a Debian in which they did run", () => {
  const stack = new AsyncDisposableStack();
  const real = new Map<string, string>();
  let root: string;
  let tree: Tree;
  let effects: readonly ScriptEffect[];
  before(async () => {
    root = join(stack.use(mkdtempDisposableSync(join(tmpdir(), "decant-scripts-"))).path, "root");
    const sources = SUITES.map((one) => `deb http://deb.debian.org/${one} main`).join("\n");
    const include = WANTED.split(/\s+/).join(",");
    const options = ["--variant=essential", '--aptopt=Apt::Install-Recommends "false"', `--include=${include}`];
    passes(spawnSync("mmdebstrap", [...options, "trixie", root, "-"], { input: sources, encoding: "utf8" }));
    const names = passes(spawnSync("chroot", [root, "dpkg-query", "-W", "-f", "${Package}\\n"], { encoding: "utf8" })).split("\n");
    const recipe: Recipe = joinRecipes([
      {
        name: "all",
        suite: "trixie",
        packages: names.filter((name) => name !== "ca-certificates"),
        follow: false,
        certificates: { package: "ca-certificates" },
        ldCache: true,
        layers: 30,
      },
    ]);
    const store = stack.use(await openStore({ root: STORE }));
    tree = layerTree((await assembleBase(store, recipe, PLATFORM)).layers);
    effects = await baseScripts(store, recipe, PLATFORM);
    list("");
  });
  after(() => stack.disposeAsync());

  function list(folder: string): void {
    for (const name of readdirSync(join(root, folder))) {
      const path = join(folder, name);
      const stat = lstatSync(join(root, path));
      real.set(path, stat.isSymbolicLink() ? `link ${readlinkSync(join(root, path))}` : stat.isDirectory() ? "dir" : "file");
      if (stat.isDirectory()) list(path);
    }
  }
  const kindOf = ({ kind, link }: Entry): string =>
    kind === "symlink" ? `link ${toText(fromText(link ?? ""))}` : kind === "dir" ? "dir" : "file";

  it("A4: modules of PHP and Apache, and their settings, are those that dpkg makes, byte by byte", async () => {
    const below = /^etc\/(?:php|apache2)\//;
    const ours = new Map([...walk(tree, ROOT)].map((entry) => [entry.path as string, kindOf(entry)]));
    const shown = (paths: ReadonlyMap<string, string>): string[] =>
      [...paths]
        .filter(([path]) => below.test(path))
        .map((pair) => pair.join(" "))
        .toSorted();
    assert.deepEqual(shown(ours), shown(real));
    assert.ok(shown(real).some((line) => line.startsWith("etc/php/8.4/cli/conf.d/20-mbstring.ini link ")));
    for (const [path, kind] of real) {
      if (kind !== "file" || !below.test(path)) continue;
      const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
      assert.equal(digest(await readTreeFile(tree, treePath(path), MAX_BYTES)), digest(readFileSync(join(root, path))), path);
    }
  });

  it("A4: makes nothing that dpkg does not make", () => {
    // The recipe's bundle, and its package in part.
    const own =
      /^(?:etc\/(?:ssl(?:\/certs(?:\/ca-certificates\.crt)?)?|ld\.so\.(?:conf|cache))|usr\/share\/doc\/ca-certificates|var\/lib\/dpkg)(?:\/|$)/;
    const added = [...walk(tree, ROOT)].map((entry) => entry.path as string).filter((path) => !real.has(path) && !own.test(path));
    assert.deepEqual(added, []);
  });

  it("A4: tells of everything that is missing for it", () => {
    const told = effects.flatMap((one) => one.commands.map((command) => `${one.package} ${one.effect}: ${command}`));
    const untold: string[] = [];
    for (const path of real.keys()) {
      if (tree.lookup(treePath(path)) !== undefined || NOT_OF_SCRIPTS.test(path)) continue;
      const effect = TOLD.find(([paths]) => paths.test(path))?.[1];
      if (effect === undefined || !told.some((line) => effect.test(line))) untold.push(path);
    }
    assert.deepEqual(untold, []);
  });

  it("A4: names as needed what programs do not work without", () => {
    const needed = effects.filter(({ done }) => done === "needed").map((one) => `${one.package} ${one.effect}`);
    for (const one of [
      "shared-mime-info media types",
      "libglib2.0-0t64 schemas",
      "libgdk-pixbuf-2.0-0 image loaders",
      "libgvc6 plugins",
      "nginx-common accounts",
      "redis-tools accounts",
    ])
      assert.ok(needed.includes(one), `${one} among ${needed.join(", ")}`);
  });
});
