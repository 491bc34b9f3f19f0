import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { loadRegistriesConfig, parseRegistriesConfig } from "./registries-conf.ts";

describe("parseRegistriesConfig()", () => {
  const refused: readonly { readonly name: string; readonly text: string; readonly message: RegExp }[] = [
    { name: "text that is no TOML", text: "[[registry", message: /"f\.conf:1": it is no TOML/ },
    { name: "version 1", text: '[registries.search]\nregistries = ["docker.io"]', message: /"f\.conf:1": it has version 1/ },
    {
      name: "a wrong type",
      text: '[[registry]]\nlocation = "a.b"\ninsecure = "yes"',
      message: /"f\.conf:3": "registry\.0\.insecure" is not right: wanted true or false/,
    },
    {
      name: "a URL as location",
      text: '[[registry]]\nlocation = "https://a.b"',
      message: /"f\.conf:2": "registry\.0\.location" is not right/,
    },
    {
      name: "a mirror without location",
      text: '[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\ninsecure = true',
      message: /"f\.conf:3": .*mirror/,
    },
    { name: "neither prefix nor location", text: "[[registry]]\nblocked = true", message: /"f\.conf:1": .*neither prefix nor location/ },
    {
      name: "an unknown pull-from-mirror",
      text: '[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\nlocation = "c.d"\npull-from-mirror = "never"',
      message: /"f\.conf:5": .*pull-from-mirror/,
    },
  ];
  for (const { name, text, message } of refused) {
    it(`rejects ${name}`, async () => {
      await assert.rejects(
        parseRegistriesConfig(text, "f.conf"),
        (error) => isDecantError(error, "CONFIG_FILE") && message.test(error.message),
      );
    });
  }

  it("fills in what is left out", async () => {
    const config = await parseRegistriesConfig('unqualified-search-registries = ["quay.io"]\n[[registry]]\nlocation = "a.b/c"', "f.conf");
    assert.deepEqual(config.registries, [
      { prefix: "a.b/c", location: "a.b/c", insecure: false, blocked: false, mirrorByDigestOnly: false, mirrors: [], file: "f.conf:2" },
    ]);
    assert.deepEqual(config.unqualifiedSearch, ["quay.io"]);
  });
});

describe("loadRegistriesConfig()", () => {
  const insecure = (location: string, value = true): string => `[[registry]]\nlocation = "${location}"\ninsecure = ${value}\n`;
  const rows: readonly {
    readonly name: string;
    readonly files: Readonly<Record<string, string>>;
    readonly explicit?: string;
    readonly want: readonly string[];
  }[] = [
    { name: "gives nothing without files", files: {}, want: [] },
    { name: "reads the system's file", files: { "etc/containers/registries.conf": insecure("a.sys") }, want: ["a.sys true"] },
    {
      name: "prefers the user's file",
      files: { "etc/containers/registries.conf": insecure("a.sys"), "home/.config/containers/registries.conf": insecure("a.user") },
      want: ["a.user true"],
    },
    {
      name: "prefers $CONTAINERS_REGISTRIES_CONF",
      files: { "home/.config/containers/registries.conf": insecure("a.user"), "mine.conf": insecure("a.mine") },
      explicit: "mine.conf",
      want: ["a.mine true"],
    },
    {
      name: "lets drop-ins win, later ones over earlier ones, the user's over the system's",
      files: {
        "etc/containers/registries.conf": insecure("a.x") + insecure("b.x") + insecure("c.x"),
        "etc/containers/registries.conf.d/10.conf": insecure("b.x", false) + insecure("d.x"),
        "etc/containers/registries.conf.d/20.conf": insecure("b.x"),
        "etc/containers/registries.conf.d/README": "no TOML",
        "home/.config/containers/registries.conf.d/00.conf": insecure("c.x", false),
      },
      want: ["a.x true", "b.x true", "c.x false", "d.x true"],
    },
  ];
  for (const { name, files, explicit, want } of rows) {
    it(name, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-registries-"));
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir.path, path)), { recursive: true });
        await writeFile(join(dir.path, path), text);
      }
      const config = await loadRegistriesConfig({
        env: explicit === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: join(dir.path, explicit) },
        homeDir: join(dir.path, "home"),
        systemDir: join(dir.path, "etc"),
      });
      assert.deepEqual(
        config.registries.map((entry) => `${entry.prefix} ${entry.insecure}`),
        want,
      );
    });
  }

  it("X4: rejects what is no file, and waits for nothing", async () => {
    for (const path of ["/dev/zero", "/etc"]) {
      const places = { env: { CONTAINERS_REGISTRIES_CONF: path }, homeDir: "/nowhere", systemDir: "/nowhere" };
      await assert.rejects(
        loadRegistriesConfig(places),
        (error) => isDecantError(error, "CONFIG_FILE") && /wanted a file/.test(error.message),
      );
    }
  });

  it("rejects a $CONTAINERS_REGISTRIES_CONF that is not there", async () => {
    const places = { env: { CONTAINERS_REGISTRIES_CONF: "/nowhere.conf" }, homeDir: "/nowhere", systemDir: "/nowhere" };
    await assert.rejects(loadRegistriesConfig(places), (error) => isDecantError(error, "CONFIG_FILE"));
  });
});
