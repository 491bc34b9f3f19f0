import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { dockerProxies } from "./docker-proxies.ts";

/** The arguments of a config.json, and the warnings. */
async function read(
  config: unknown,
  options: { readonly env?: Readonly<Record<string, string>>; readonly buildArgs?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly args: Readonly<Record<string, string>>; readonly warnings: readonly string[] }> {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-proxies-"));
  await mkdir(join(dir.path, ".docker"));
  if (config !== undefined)
    await writeFile(join(dir.path, ".docker/config.json"), typeof config === "string" ? config : JSON.stringify(config));
  const warnings: string[] = [];
  const args = await dockerProxies({ env: options.env ?? {}, buildArgs: options.buildArgs ?? {}, homeDir: dir.path }, (event) => {
    if (event.type === "warning") warnings.push(event.message.replaceAll(dir.path, "HOME"));
  });
  return { args, warnings };
}

const HTTP = "http://proxy:3128";

describe("R10: dockerProxies()", () => {
  const rows: readonly {
    readonly name: string;
    readonly config: unknown;
    readonly options?: Parameters<typeof read>[1];
    readonly want: Readonly<Record<string, string>>;
    readonly warning?: RegExp;
  }[] = [
    { name: "nothing without a file", config: undefined, want: {} },
    { name: "nothing without proxies", config: { auths: null }, want: {} },
    {
      name: "all that a proxy has",
      config: { proxies: { default: { httpProxy: HTTP, httpsProxy: "b", noProxy: "c,d", ftpProxy: "e", allProxy: "f" } } },
      want: { HTTP_PROXY: HTTP, HTTPS_PROXY: "b", NO_PROXY: "c,d", FTP_PROXY: "e", ALL_PROXY: "f" },
    },
    { name: "nothing of what is empty or null", config: { proxies: { default: { httpProxy: "", httpsProxy: null } } }, want: {} },
    {
      name: "those of docker's own socket before the default",
      config: { proxies: { default: { httpProxy: "a" }, "unix:///var/run/docker.sock": { httpsProxy: "b" } } },
      want: { HTTPS_PROXY: "b" },
    },
    {
      name: "those of DOCKER_HOST",
      config: { proxies: { default: { httpProxy: "a" }, "tcp://d:2375": { httpProxy: "b" } } },
      options: { env: { DOCKER_HOST: "tcp://d:2375" } },
      want: { HTTP_PROXY: "b" },
    },
    {
      name: "not what is given, in either case",
      config: { proxies: { default: { httpProxy: "a", httpsProxy: "b", noProxy: "c" } } },
      options: { buildArgs: { http_proxy: "own", HTTPS_PROXY: "" } },
      want: { NO_PROXY: "c" },
    },
    {
      name: "nothing, with a warning, of what is no JSON",
      config: "{s3cret",
      want: {},
      warning: /^Decant does not use the proxies of "[^"]*HOME\/\.docker\/config\.json": it is no JSON$/,
    },
    {
      name: "nothing, with a warning, of the wrong type",
      config: { proxies: { default: { httpProxy: ["s3cret"] } } },
      want: {},
      warning: /config\.json": "proxies\.default\.httpProxy" has the wrong type$/,
    },
  ];
  for (const { name, config, options, want, warning } of rows) {
    it(`gives ${name}`, async () => {
      const { args, warnings } = await read(config, options);
      assert.deepEqual(args, want);
      assert.equal(warnings.length, warning === undefined ? 0 : 1);
      if (warning !== undefined) assert.match(warnings[0] ?? "", warning);
    });
  }

  it("reads $DOCKER_CONFIG instead of ~/.docker", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-proxies-"));
    await writeFile(join(dir.path, "config.json"), JSON.stringify({ proxies: { default: { httpProxy: "there" } } }));
    assert.deepEqual((await read({ proxies: { default: { httpProxy: "home" } } }, { env: { DOCKER_CONFIG: dir.path } })).args, {
      HTTP_PROXY: "there",
    });
  });
});
