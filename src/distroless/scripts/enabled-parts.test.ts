import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../../paths.ts";
import { itemsTree } from "../items-tree.ts";
import { directoryEntry, textItem } from "../layer-items.ts";
import { enabledItems } from "./enabled-parts.ts";
import { readScript } from "./read-script.ts";

const directory = (path: string): { readonly entry: ReturnType<typeof directoryEntry> } => ({ entry: directoryEntry(treePath(path)) });
const ITEMS = [
  textItem("/etc/php/8.4/mods-available/xml.ini", "; priority=15\nextension=xml.so\n"),
  textItem("/etc/php/8.4/mods-available/mbstring.ini", "extension=mbstring.so\n"),
  textItem("/usr/lib/php/8.4/sapi/cli", ""),
  textItem("/usr/lib/php/8.4/sapi/fpm", ""),
  directory("/etc/php/8.4/cli/conf.d"),
  directory("/etc/php/8.4/fpm/conf.d"),
  textItem("/etc/apache2/mods-available/mpm_event.load", "# Conflicts: mpm_prefork\nLoadModule mpm_event_module x\n"),
  textItem("/etc/apache2/mods-available/mpm_event.conf", "x"),
  textItem("/etc/apache2/mods-available/mpm_prefork.load", "LoadModule mpm_prefork_module x\n"),
  textItem("/etc/apache2/mods-available/status.load", "# Depends: authz_core\nLoadModule status_module x\n"),
  textItem("/etc/apache2/mods-available/authz_core.load", "# Depends: status\nLoadModule authz_core_module x\n"),
  textItem("/etc/apache2/sites-available/000-default.conf", "x"),
];

async function links(script: string, more: typeof ITEMS = []): Promise<string[]> {
  const { commands } = readScript(script, { package: "p", architecture: "amd64", script: "postinst" });
  const items = await enabledItems(commands, itemsTree([...ITEMS, ...more]));
  return items.map(({ entry }) => `${entry.path} -> ${entry.link ?? ""}`);
}

describe("enabledItems()", () => {
  it("A4: links modules of PHP for all of its programs, by their priority", async () => {
    assert.deepEqual(await links("for m in xml mbstring none; do php_invoke enmod 8.4 ALL $m; done"), [
      "etc/php/8.4/cli/conf.d/15-xml.ini -> /etc/php/8.4/mods-available/xml.ini",
      "etc/php/8.4/fpm/conf.d/15-xml.ini -> /etc/php/8.4/mods-available/xml.ini",
      "etc/php/8.4/cli/conf.d/20-mbstring.ini -> /etc/php/8.4/mods-available/mbstring.ini",
      "etc/php/8.4/fpm/conf.d/20-mbstring.ini -> /etc/php/8.4/mods-available/mbstring.ini",
    ]);
    assert.deepEqual(await links("phpenmod -v 8.4 -s cli xml"), [
      "etc/php/8.4/cli/conf.d/15-xml.ini -> /etc/php/8.4/mods-available/xml.ini",
    ]);
  });
  it("A4: links modules of Apache with those that they need, and sites", async () => {
    assert.deepEqual(await links("a2enmod -q status\napache2_invoke ensite 000-default"), [
      "etc/apache2/mods-enabled/status.load -> ../mods-available/status.load",
      "etc/apache2/mods-enabled/authz_core.load -> ../mods-available/authz_core.load",
      "etc/apache2/sites-enabled/000-default.conf -> ../sites-available/000-default.conf",
    ]);
  });
  it("A4: takes the way to serve that a package switches to", async () => {
    const event = ["load", "conf"].map((ending) => `etc/apache2/mods-enabled/mpm_event.${ending} -> ../mods-available/mpm_event.${ending}`);
    const prefork = ["etc/apache2/mods-enabled/mpm_prefork.load -> ../mods-available/mpm_prefork.load"];
    assert.deepEqual(await links("a2enmod mpm_event"), event);
    assert.deepEqual(await links("a2enmod mpm_event\napache2_switch_mpm prefork"), prefork);
    assert.deepEqual(await links("apache2_switch_mpm prefork\na2enmod mpm_event"), prefork);
  });
  it("replaces nothing, and takes no name that leads elsewhere", async () => {
    assert.deepEqual(await links("phpenmod -v 8.4 -s cli xml", [textItem("/etc/php/8.4/cli/conf.d/15-xml.ini", "mine")]), []);
    assert.deepEqual(await links("a2ensite ../../../x\nphpenmod -v ../.. xml\nphp_invoke enmod 8.4 ../x xml"), []);
  });
});
