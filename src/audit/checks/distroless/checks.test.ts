import assert from "node:assert/strict";
import { test } from "node:test";
import { makeParents, memoryTree, type TreeSpec } from "../../../../test/support/memory-tree.ts";
import { ROOT, type TreePath } from "../../../paths.ts";
import type { Tree } from "../../../tree/index.ts";
import { runAudit } from "../../run-audit.ts";
import type { KnownSecret } from "../../../secrets/index.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const KEY = `-----BEGIN PRIVATE KEY-----|${"MIIEvQIBADANBgkqhkiG9w0B".repeat(8)}|-----END PRIVATE KEY-----`;

/** What "It is distroless" says of a root file system: "SEVERITY ID PATH: MESSAGE". */
async function told(tree: Tree, secrets: readonly KnownSecret[] = []): Promise<string[]> {
  const subject = { name: "test", platform: PLATFORM, config: {}, tree, layers: [], history: [], isDirectory: true } as const;
  const report = await runAudit(subject, { secrets });
  return report.findings
    .filter(({ group, id }) => group === "distroless" || id === "not-examined")
    .map(({ severity, id, path = "", message }) => `${severity} ${id} ${path}: ${message}`);
}

interface Row {
  readonly name: string;
  readonly tree: TreeSpec;
  readonly want: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: "have nothing against a program", tree: { "app/server": "file 755 0:0 x", "etc/passwd": "file 644 0:0 x" }, want: [] },
  {
    name: "tell of a shell once, with its names",
    tree: { "bin/dash": "file 755 0:0 x", "bin/sh": "link dash", "busybox/sh": "link /bin/dash" },
    want: ['warning shell /bin/dash: Shell "dash" is in the image, also as /bin/sh, /busybox/sh'],
  },
  { name: "have nothing against a shell that nobody can start", tree: { "bin/sh": "file 644 0:0 x", "etc/sh": "link nowhere" }, want: [] },
  {
    name: "tell of package managers where programs are, and not of other files of their name",
    tree: { "usr/bin/npm": "link ../lib/npm-cli.js", "usr/lib/npm-cli.js": "file 755 0:0 x", "etc/cron/apt": "file 755 0:0 x" },
    want: ['warning package-manager /usr/lib/npm-cli.js: Package manager "npm" is in the image, also as /usr/bin/npm'],
  },
  {
    name: "tell of compilers with machine and version in their names",
    tree: {
      "usr/bin/x86_64-linux-gnu-gcc-12": "file 755 0:0 x",
      "usr/libexec/gcc/x/12/cc1": "file 755 0:0 x",
      "usr/bin/going": "file 755 0:0 x",
    },
    want: [
      'warning compiler /usr/bin/x86_64-linux-gnu-gcc-12: Compiler or build tool "x86_64-linux-gnu-gcc-12" is in the image',
      'warning compiler /usr/libexec/gcc/x/12/cc1: Compiler or build tool "cc1" is in the image',
    ],
  },
  {
    name: "tell of rights that files give",
    tree: {
      "bin/su": "file 4755 0:0 x",
      "bin/wall": "file 2755 0:5 x",
      "app/log": "file 666 1:1 x",
      "app/spool": "dir 777 0:0",
      tmp: "dir 1777 0:0",
    },
    want: [
      "warning setuid /bin/su: Mode 4755: it runs as user 0, no matter who starts it",
      "warning setgid /bin/wall: Mode 2755: it runs as group 5, no matter who starts it",
      "warning world-writable-file /app/log: Mode 0666: every user may change it",
      "warning world-writable-directory /app/spool: Mode 0777: every user may remove and replace what others put there",
    ],
  },
  {
    name: "tell of what builds leave, by directory",
    tree: {
      "src/.git/HEAD": "file 644 0:0 ref",
      "src/.git/objects/a": "file 644 0:0 12345",
      "root/.npm/_cacache/x/y": "file 644 0:0 1",
      "var/lib/apt/lists/lock": "file 644 0:0 -",
      "var/lib/apt/lists/deb_main": "file 644 0:0 123",
      "usr/include/a.h": "file 644 0:0 1",
      "usr/lib/libx.a": "file 644 0:0 12",
      "tmp/build.log": "file 644 0:0 1",
      "usr/share/doc/x/copyright": `file 644 0:0 ${"c".repeat(70_000)}`,
      "usr/share/man/man1/x.1": `file 644 0:0 ${"m".repeat(70_000)}`,
    },
    want: [
      "warning git-directory /src/.git: A git repository with its history: 2 files, 8 B",
      "warning package-cache /root/.npm: The cache of a package manager or build tool: 1 file, 1 B",
      "warning package-cache /var/lib/apt/lists: The cache of a package manager or build tool: 1 file, 3 B",
      "note temporary-files /tmp: Temporary files or logs of the build: 1 file, 1 B",
      "note headers /usr/include: Header files: 1 file, 1 B",
      "note static-library /usr/lib: Static libraries or object files: 1 file, 2 B",
      "note documentation /usr/share/man: Documentation: 1 file, 70 kB",
    ],
  },
  {
    name: "tell of packages for development as npm's lock says, with what is in them",
    tree: {
      "app/node_modules/.package-lock.json": `file 644 0:0 ${JSON.stringify({
        packages: {
          "node_modules/express": {},
          "node_modules/typescript": { dev: true },
          "node_modules/typescript/node_modules/x": { dev: true },
          "node_modules/gone": { dev: true },
          "../../etc": { dev: true },
        },
      })}`,
      "app/node_modules/express/package.json": "file 644 0:0 {}",
      "app/node_modules/typescript/lib.js": "file 644 0:0 12345",
      "app/node_modules/typescript/node_modules/x/x.js": "file 644 0:0 123",
    },
    want: ["warning dev-dependency /app/node_modules: 2 packages that only development needs, 8 B: typescript, x"],
  },
  {
    name: "tell of packages for development as package.json says, unless something else needs them",
    tree: {
      "app/package.json": `file 644 0:0 ${JSON.stringify({ dependencies: { a: "1" }, devDependencies: { b: "1", "@types/c": "1", "../x": "1" } })}`,
      "app/node_modules/a/package.json": `file 644 0:0 ${JSON.stringify({ dependencies: { b: "1" } })}`,
      "app/node_modules/b/package.json": "file 644 0:0 {}",
      "app/node_modules/@types/c/index.d.ts": "file 644 0:0 1",
    },
    want: ["warning dev-dependency /app/node_modules: 1 package that only development needs, 1 B: @types/c"],
  },
  {
    name: "have nothing against a lock that is damaged",
    tree: {
      "app/node_modules/.package-lock.json": 'file 644 0:0 {"packages":[',
      "app/package.json": "file 644 0:0 []",
      "app/node_modules/a/x": "file 644 0:0 1",
    },
    want: [],
  },
];

for (const { name, tree, want } of ROWS)
  test(`DISTROLESS_CHECKS ${name}`, async () => assert.deepEqual(await told(memoryTree(tree)), want));

const CREDENTIALS: readonly (readonly [path: string, text: string, want: string | undefined])[] = [
  ["app/tls.key", KEY, "error private-key: The file holds a private key"],
  ["root/.ssh/id_ed25519", KEY.replaceAll("PRIVATE", "OPENSSH PRIVATE"), "error private-key: The file holds a private key"],
  [
    "app/e.pem",
    KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
    "warning private-key: The file holds a private key that a passphrase protects",
  ],
  ["app/test/fixtures/a.pem", KEY, "note private-key: The file holds a private key, probably of a test"],
  ["app/account.json", `{"private_key":"${KEY.replaceAll("|", "\\n")}"}`, "error private-key: The file holds a private key"],
  ["app/readme.txt", "-----BEGIN PRIVATE KEY----- is how keys begin", undefined],
  ["etc/ssl/certs/ca-certificates.crt", "-----BEGIN CERTIFICATE-----|MIIB|-----END CERTIFICATE-----", undefined],
  ["app/.npmrc", "//registry.npmjs.org/:_authToken=abcdef", "error access-token: The file holds a token of a package registry (npmrc)"],
  ["app/.npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}", undefined],
  ["app/.npmrc", "registry=https://registry.example/", undefined],
  [
    "root/.docker/config.json",
    '{"auths":{"r.example":{"auth":"YTpi"}}}',
    "error access-token: The file holds a login of a container registry",
  ],
  ["root/.docker/config.json", '{"auths":{"r.example":{}},"credsStore":"x"}', undefined],
  ["root/.docker/config.json", '{"auths":', undefined],
  [
    "root/.aws/credentials",
    `aws_secret_access_key = ${"a1B2".repeat(10)}`,
    "error access-token: The file holds a secret access key of AWS",
  ],
  ["root/.aws/credentials", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", undefined],
  ["root/.netrc", "machine a login b password c", "error access-token: The file holds a password (netrc)"],
  ["root/.git-credentials", "https://u:p4ssw0rd@git.example", "error access-token: The file holds a password of a git server"],
  [
    "src/.git/config",
    "[http]|extraheader = AUTHORIZATION: basic eHg6eXk=",
    "error access-token: The file holds a password of a git server (in .git/config)",
  ],
  [
    "root/.kube/config",
    "users:|- user:|    client-key-data: LS0tLS1CRUdJTg==",
    "error access-token: The file holds a credential of a Kubernetes cluster",
  ],
  ["app/config.yaml", `github: ghp_${"a1B2".repeat(9)}`, "error access-token: The file holds an access token"],
  ["app/node_modules/x/config.yaml", `github: ghp_${"a1B2".repeat(9)}`, undefined],
  ["app/.env", "PORT=8080|DB_PASSWORD=correcthorse", "warning env-file: The file holds a file of variables with DB_PASSWORD"],
  ["app/.env", "DATABASE_URL=postgres://u:secret1@db/x", "warning env-file: The file holds a file of variables with DATABASE_URL"],
  ["app/.env", "DB_PASSWORD=changeme|TOKEN_FILE=/run/secrets/x|NODE_ENV=production", undefined],
  ["app/.env.example", "DB_PASSWORD=correcthorse", undefined],
];

for (const [path, text, want] of CREDENTIALS)
  test(`credentialsCheck ${want === undefined ? "has nothing against" : "sees what is in"} ${path}: ${text.slice(0, 40)}`, async () => {
    const tree = memoryTree({ [path]: "dir 755 0:0" });
    const bytes = Buffer.from(text.replaceAll("|", "\n"));
    const where = path as TreePath;
    tree.put(
      { path: where, kind: "file", mode: 0o600, uid: 0, gid: 0, size: bytes.byteLength, mtimeSec: 0, mtimeNsec: 0 },
      { kind: "bytes", bytes },
    );
    const got = (await told(tree)).filter((line) => /private-key|access-token|env-file/.test(line));
    assert.deepEqual(got, want === undefined ? [] : [want.replace(": ", ` /${path}: `)]);
  });

test("credentialsCheck is not slowed by hostile text", async () => {
  const tree = memoryTree({});
  const texts = [
    "-----BEGIN PRIVATE KEY-----\n".repeat(18_000),
    " ".repeat(500_000),
    "\n".repeat(500_000),
    "http://".repeat(70_000),
    "a=".repeat(250_000),
  ];
  for (const [index, text] of texts.entries())
    for (const name of [".npmrc", ".env", ".netrc", "key.pem"]) {
      const bytes = Buffer.from(`_auth=${text}`);
      const path = `${index}/${name}` as TreePath;
      makeParents(tree, path);
      tree.put(
        { path, kind: "file", mode: 0o600, uid: 0, gid: 0, size: bytes.byteLength, mtimeSec: 0, mtimeNsec: 0 },
        { kind: "bytes", bytes },
      );
    }
  assert.equal(tree.lookup(ROOT)?.kind, "dir");
  assert.ok(Array.isArray(await told(tree)));
});

const SECRET = "tok-Abcdef1234567890xyz";
const HIDDEN: readonly (readonly [string, string, string])[] = [
  ["as it is", `x=${SECRET};`, "its value"],
  ["in base64 at offset 0", Buffer.from(SECRET).toString("base64"), "its value, in base64"],
  ["in base64 at offset 1", Buffer.from(`u${SECRET}zz`).toString("base64"), "its value, in base64"],
  ["in base64 at offset 2", Buffer.from(`a:${SECRET}`).toString("base64"), "its value, in base64"],
];
for (const [how, text, form] of HIDDEN)
  test(`secretsCheck finds the value of a secret ${how}`, async () => {
    const got = await told(memoryTree({ "app/data": `file 644 0:0 ${text}` }), [{ id: "token", value: Buffer.from(`${SECRET}\n`) }]);
    assert.deepEqual(got, [`error secret-in-image /app/data: The file holds secret "token" (${form})`]);
  });

test("secretsCheck finds a token that was a line of a secret file, and never shows it", async () => {
  const npmrc = `registry=https://registry.example/\n//registry.example/:_authToken=${SECRET}\n`;
  const got = await told(memoryTree({ "app/x.js": `file 644 0:0 fetch("${SECRET}")` }), [{ id: "npmrc", value: Buffer.from(npmrc) }]);
  assert.deepEqual(got, ['error secret-in-image /app/x.js: The file holds secret "npmrc" (a part of it)']);
});

test("secretsCheck finds a value across the border of two reads", async () => {
  const text = `${"x".repeat(1024 * 1024 - 5)}${SECRET}`;
  const got = await told(memoryTree({ "app/data": `file 644 0:0 ${text}` }), [{ id: "token", value: Buffer.from(SECRET) }]);
  assert.deepEqual(got, ['error secret-in-image /app/data: The file holds secret "token" (its value)']);
});

test("secretsCheck says so when a secret is too short or too plain to search for", async () => {
  const got = await told(memoryTree({ "app/data": "file 644 0:0 12345" }), [{ id: "pin", value: Buffer.from("12345") }]);
  assert.deepEqual(got, ['note not-examined : The value of secret "pin" is too short or too plain to search for']);
});
