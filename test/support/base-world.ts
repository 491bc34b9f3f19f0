/** A small Debian archive, an npm registry and a store: all that assembling a base needs, on loopback. */
import { createHash } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { assembleBase } from "../../src/distroless/assemble.ts";
import { joinRecipes } from "../../src/distroless/join-recipes.ts";
import type { RecipeDocument } from "../../src/distroless/recipe.ts";
import type { ArchiveAccess, AssembledBase, AssembleOptions } from "../../src/distroless/types.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { type FakeKey, type FakePackage, type FileServer, serveFiles, tarOf } from "./archive.ts";
import { suiteFiles } from "./archive-suite.ts";

/** When the archive was signed, and the day after. */
export const date: Date = new Date("2026-03-01T00:00:00Z");
/** The clock of the tests. */
export const now = (): Date => new Date("2026-03-02T00:00:00Z");

/** Text in the frame of a certificate. */
export const certificate = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;

/** The packages that are always there. */
export const PACKAGES: readonly FakePackage[] = [
  {
    name: "base-files",
    files: [
      { path: "./", type: "dir" },
      { path: "./tmp/", type: "dir", mode: 0o1777 },
      { path: "./usr/", type: "dir" },
      { path: "./usr/lib/", type: "dir", gid: 50, mode: 0o2775 },
      { path: "./usr/lib/os-release", content: "Debian" },
      { path: "./etc/", type: "dir" },
      { path: "./etc/os-release", type: "symlink", link: "../usr/lib/os-release" },
    ],
  },
  {
    name: "perl",
    version: "1:5.36-1",
    architecture: "all",
    // No entry for ./usr, and the second name of a file comes first in the order of layers.
    files: [
      { path: "./usr/bin/perl5.36", content: "#!perl", mode: 0o755, mtime: 1_600_000_000 },
      { path: "./usr/bin/perl", type: "hardlink", link: "./usr/bin/perl5.36", mode: 0o755, mtime: 1_600_000_000 },
    ],
    md5sums: null,
  },
  {
    name: "ca-certificates",
    files: [
      { path: "./usr/share/ca-certificates/mozilla/b.crt", content: `${certificate("B")}\n` },
      { path: "./usr/share/ca-certificates/mozilla/a.crt", content: certificate("A") },
      { path: "./usr/share/doc/ca-certificates/copyright", content: "free" },
      { path: "./usr/sbin/update-ca-certificates", content: "#!/bin/sh" },
    ],
  },
];

/** "small", and "big" that extends it. */
export const DOCUMENTS: readonly RecipeDocument[] = [
  {
    name: "small",
    suite: "bookworm",
    packages: ["base-files"],
    follow: false,
    certificates: { package: "ca-certificates" },
    users: [{ name: "root", uid: 0, gid: 0, home: "/root" }],
    groups: [{ name: "root", gid: 0 }],
    files: [
      { path: "/usr/lib/os-release", text: "Small\n" },
      { path: "/home/app", directory: true, mode: "0700", uid: 5, gid: 6 },
      { path: "/usr/bin/python", link: "python3" },
    ],
    env: { PATH: "/usr/bin", LANG: "C" },
    variants: { nonroot: { user: "65532", workdir: "/home/app" } },
  },
  {
    name: "big",
    extends: "small",
    packages: ["perl"],
    users: [{ name: "app", uid: 5, gid: 6, home: "/home/app" }],
    env: { LANG: "C.UTF-8" },
    entrypoint: ["/usr/bin/perl"],
  },
];

const tarball = gzipSync(
  tarOf([
    { path: "package/package.json", content: "{}" },
    { path: "package/bin/node", content: "the node", mode: 0o644 },
    { path: "package/bin/npm", content: "no" },
    { path: "package/LICENSE", content: "MIT" },
  ]),
);
/** Of the npm package "node-x". */
export const INTEGRITY: string = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
/** Adds Node.js to "big". */
export const WITH_NODE: RecipeDocument = {
  name: "node",
  extends: "big",
  node: { version: "18.20.8", packages: { amd64: { name: "node-x", integrity: INTEGRITY } } },
};

/** The surroundings of one test. */
export interface World extends AsyncDisposable {
  readonly server: FileServer;
  readonly store: Store;
  /** A folder of the test's own. */
  readonly folder: string;
  /** How its archive is reached. */
  readonly access: ArchiveAccess & { readonly keyring: string };
  assemble(recipe: readonly RecipeDocument[], options?: Partial<AssembleOptions>): Promise<AssembledBase>;
  /** Replaces the archive, as a new day does. */
  publish(packages: readonly FakePackage[], at: Date): Promise<void>;
}

/** Starts a world with `PACKAGES` and more of them. */
export async function openWorld(key: FakeKey, more: readonly FakePackage[] = []): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-assemble-")));
  const store = stack.use(await openStore({ root: join(dir.path, "store") }));
  const server = stack.use(await serveFiles(await suiteFiles({ packages: [...PACKAGES, ...more], key, date })));
  server.files.set(
    "node-x/18.20.8",
    Buffer.from(JSON.stringify({ name: "node-x", version: "18.20.8", dist: { integrity: INTEGRITY, tarball: `${server.url}/n.tgz` } })),
  );
  server.files.set("n.tgz", tarball);
  const keyring = join(dir.path, "key.gpg");
  await writeFile(keyring, Buffer.concat(key.keyring.parts));
  const access = { sources: [server.source()], keyring, now, npmRegistry: server.url, maxAgeMs: 0 };
  const owned = stack.move();
  return {
    server,
    store,
    folder: dir.path,
    access,
    assemble: (recipe, options = {}) =>
      assembleBase(store, joinRecipes(recipe), { platform: { os: "linux", architecture: "amd64" }, ...access, ...options }),
    publish: async (packages, at) => {
      for (const [path, bytes] of await suiteFiles({ packages, key, date: at })) server.files.set(path, bytes);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
