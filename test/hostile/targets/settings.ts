/** Files of projects and of machines: decant.yaml, recipes, locks, config.yaml of a store, policies, CDI files, hosts.toml and registries.conf. */
import { writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseLock } from "../../../src/distroless/lock.ts";
import { parseRecipe } from "../../../src/distroless/parse-recipe.ts";
import { readDeviceRegistry } from "../../../src/engine/devices/registry.ts";
import { parseHostsFile } from "../../../src/net/hosts-toml.ts";
import { parseProjectFile } from "../../../src/project/project-file.ts";
import { parseSourceLock } from "../../../src/project/source-lock.ts";
import { parseSourcePolicy } from "../../../src/project/source-policy.ts";
import { policyRules } from "../../../src/project/source-rules.ts";
import { readGcPolicy } from "../../../src/project/store-config.ts";
import { parseRegistriesConfig } from "../../../src/registry/registries-conf.ts";
import { holds, jsonLike, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const digest = `sha256:${"a".repeat(64)}`;
const PROJECT = {
  images: { "debian:12": "debian:13", a: { recipe: "./recipe.yaml" } },
  audit: { mode: "error", ignore: ["x"], allow: [{ kind: "missing-library", path: "/a" }] },
  assemble: ["a"],
  debian: { mirror: "https://x/", keyring: "k.gpg" },
  signatures: [{ images: "ghcr.io/*", keys: ["cosign.pub"], identities: [{ subject: "x", issuer: "https://y" }] }],
};
const RECIPE = {
  extends: "base",
  suite: "bookworm",
  packages: ["libc6", "a=1"],
  files: [{ path: "/etc/x", content: "y", mode: "0644" }],
  user: 65532,
  env: { A: "b" },
  exclude: ["/usr/share/doc/**"],
  variants: { debug: { packages: ["busybox"] } },
};
const STORE = { gc: { maxUsedSpace: "20GB", reservedSpace: 5, minFreeSpace: "1e3", keepDuration: { layers: "30d", mounts: "1h" } } };
const LOCK = {
  format: 1,
  recipe: "a",
  digest,
  suite: "bookworm",
  tool: "decant",
  architectures: {
    amd64: {
      releases: [{ uri: "https://x", suite: "a", digest, date: "2026-01-01T00:00:00Z", signers: [] }],
      packages: [
        {
          name: "a",
          version: "1",
          architecture: "amd64",
          source: "a",
          uri: "https://x",
          suite: "a",
          filename: "pool/a.deb",
          size: 1,
          digest,
        },
      ],
    },
  },
};
const SOURCES = { format: 1, version: 1, sources: [{ kind: "image", name: "docker.io/library/a:1", digest }] };
const POLICY = {
  rules: [
    { action: "DENY", selector: { identifier: "docker-image://*", matchType: "WILDCARD" } },
    {
      action: "CONVERT",
      selector: { identifier: "docker-image://(.*)", matchType: "REGEX", constraints: [{ key: "a", value: "b", condition: "EQUAL" }] },
      updates: { identifier: "docker-image://x/$1", attrs: { "http.checksum": digest } },
    },
    { action: "ALLOW", selector: { identifier: "git://(a*)*b", matchType: "REGEX" } },
  ],
};
const CDI = {
  cdiVersion: "0.6.0",
  kind: "vendor.com/device",
  devices: [
    {
      name: "a",
      containerEdits: {
        env: ["A=b"],
        deviceNodes: [{ path: "/dev/a", type: "c", major: 1, minor: 2, fileMode: 438, permissions: "rw" }],
        mounts: [{ hostPath: "/a", containerPath: "/b", options: ["ro"] }],
        hooks: [{ hookName: "x", path: "/y" }],
      },
    },
  ],
  containerEdits: { env: ["X=y"] },
};
const YAML = [
  "a: &a [x, *a]\n",
  "&a ",
  "*a",
  "- ",
  "gc:\n",
  "  maxUsedSpace: ",
  "images:\n  ",
  "? ",
  ": ",
  "|\n  ",
  "!!js/function x",
  "!!binary x",
  "<<: *a\n",
  "%YAML 1.1\n---\n",
  "...\n",
  "{",
  "}",
  "[",
  "]",
  "'",
  '"',
  "\n",
  "  ",
  "#x\n",
  "[server]\n",
  '[host."https://x"]\n',
  'capabilities = ["pull"]\n',
  "[[registry]]\n",
  'location = "x"\n',
  "= ",
  "0x7fffffffffffffffff\n",
  "1979-05-27T07:32:00Z\n",
  '"""',
  "\0",
  "é",
  "__proto__: 1\n",
] as const;
/** Nine levels of nine: a billion. */
const LAUGHS = Array.from({ length: 9 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(9)}x]\n`)
  .join("")
  .replaceAll("*a-1,", "x,");

export const SETTINGS: Target = {
  name: "settings",
  generate(random) {
    if (random.chance(0.02)) return Buffer.from(LAUGHS);
    return random.chance(0.3)
      ? textOf(random, YAML)
      : jsonLike(random, random.pick<unknown>([PROJECT, RECIPE, STORE, LOCK, SOURCES, POLICY, CDI]));
  },
  async check(input, { folder, random }) {
    const text = input.toString("utf8");
    const file = (name: string): { name: string; text: string } => ({ name, text });
    const name = random.pick(["a.json", "a.yaml"]);
    const path = join(folder, name);
    const readers: readonly [() => unknown, ...(() => unknown)[]] = [
      () => parseProjectFile("/nowhere/decant.yaml", file("decant.yaml")),
      () => parseRecipe(file("recipe.yaml")),
      () => parseLock(text, "recipe.lock"),
      () => parseSourceLock(text, "decant.lock", "lock"),
      () =>
        policyRules(parseSourcePolicy(text, "policy.json")).image("docker.io/library/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1", {
          at: [],
        } as never),
      () => parseHostsFile(text, "hosts.toml", "x"),
      () => parseRegistriesConfig(text, "registries.conf"),
      async () => {
        if (random.chance(0.9)) return;
        writeFileSync(path, input);
        writeFileSync(join(folder, "config.yaml"), input);
        try {
          await readDeviceRegistry([folder]);
          await readGcPolicy(folder);
        } finally {
          rmSync(path);
          rmSync(join(folder, "config.yaml"));
        }
      },
    ];
    // Most cases are meant for one of them.
    await each(...(random.chance(0.1) ? readers : [random.pick(readers)]));
    holds(!("isAdmin" in {}), "no file changes what every object has");
  },
};
