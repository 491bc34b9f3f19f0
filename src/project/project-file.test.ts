import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { formatPosition } from "../source.ts";
import { findProjectFile, parseProjectFile, replacementFor } from "./project-file.ts";

const parse = (text: string): ReturnType<typeof parseProjectFile> => parseProjectFile("/decant.yaml", { name: "decant.yaml", text });
test("parseProjectFile() reads replacements under canonical names", async () => {
  const project = await parse(
    'images:\n  "node:18": stand-in/node:18\n  gcr.io/distroless/nodejs:18: distroless:nodejs18-debian12\n  ubuntu: "ubuntu:24.04"\n',
  );
  const want = {
    "node:18": "stand-in/node:18",
    "docker.io/library/node:18": "stand-in/node:18",
    "node:18-slim": "nothing",
    "gcr.io/distroless/nodejs:18": "distroless:nodejs18-debian12",
    "ubuntu:latest": "ubuntu:24.04",
  };
  const got = Object.fromEntries(Object.keys(want).map((name) => [name, replacementFor(project, name) ?? "nothing"]));
  assert.deepEqual(got, want);
});

test("parseProjectFile() finds a recipe's file from the project file's folder", async () => {
  const project = await parseProjectFile("/work/decant.yaml", { name: "decant.yaml", text: "images:\n  a: distroless:bases/mine.yaml\n" });
  assert.equal(replacementFor(project, "a"), "distroless:/work/bases/mine.yaml");
});

test("parseProjectFile() reads bases with variants, patterns and Debian's mirrors", async () => {
  const project = await parseProjectFile("/work/decant.yaml", {
    name: "decant.yaml",
    text: `images: { a: "distroless:mine.yaml:debug", b: "distroless:cc-debian13:nonroot" }
assemble: [gcr.io/distroless/*]
debian: { mirror: "http://m/debian", snapshot: 20260601T000000Z, keyring: keys.gpg, acceptExpired: true }
`,
  });
  assert.deepEqual(
    [replacementFor(project, "a"), replacementFor(project, "b")],
    ["distroless:/work/mine.yaml:debug", "distroless:cc-debian13:nonroot"],
  );
  assert.deepEqual(project.assemble, ["gcr.io/distroless/*"]);
  assert.deepEqual(project.debian, {
    mirror: "http://m/debian",
    snapshot: "20260601T000000Z",
    keyring: { path: "/work/keys.gpg" },
    acceptExpired: true,
  });
});

for (const text of ["", "# nothing\n", "images:\n", "images: {}\n"]) {
  test(`parseProjectFile() takes ${JSON.stringify(text)} as no settings`, async () => assert.equal((await parse(text)).images.size, 0));
}

test("F4: parseProjectFile() reads which bases must be signed, and by whom", async () => {
  const { signatures } = await parse(`signatures:
  - { images: example.com/team/*, key: team.pub }
  - images: [debian, "ubuntu:*"]
    key: [a.pub, b.pub]
    identityRegexp: ^https://ci
    issuer: https://issuer.example
    trustedRoot: root.json
`);
  assert.deepEqual(signatures, [
    { images: ["example.com/team/*"], keys: [{ shown: "team.pub", place: { path: "/team.pub" } }] },
    {
      images: ["debian", "ubuntu:*"],
      keys: ["a.pub", "b.pub"].map((shown) => ({ shown, place: { path: `/${shown}` } })),
      identity: { subject: /^https:\/\/ci/, issuer: "https://issuer.example" },
      trustedRoot: { shown: "root.json", place: { path: "/root.json" } },
    },
  ]);
});

const BAD: readonly (readonly [string, string, string])[] = [
  [
    "an unknown key",
    "image: {}",
    'CONFIG_FILE decant.yaml:1:1 Cannot use "decant.yaml": it has no key "image"; wanted images, assemble, builder, debian, audit or signatures',
  ],
  [
    "signatures by nobody",
    "signatures: [{ images: a }]",
    'CONFIG_FILE decant.yaml:1:14 Cannot use "decant.yaml": an item of "signatures" is not complete; wanted "images", and "key", or "identity" with "issuer"',
  ],
  [
    "signatures by an identity that nobody confirms",
    "signatures: [{ images: a, key: k, identity: me }]",
    'CONFIG_FILE decant.yaml:1:14 Cannot use "decant.yaml": an item of "signatures" is not complete; wanted "images", and "key", or "identity" with "issuer"',
  ],
  [
    "signatures with an unknown key",
    "signatures: [{ image: a }]",
    'CONFIG_FILE decant.yaml:1:16 Cannot use "decant.yaml": an item of "signatures" has no key "image"; wanted "images", and "key", or "identity" with "issuer"',
  ],
  [
    "signatures of no image",
    "signatures: [{ images: 'A b', key: k }]",
    'CONFIG_FILE decant.yaml:1:24 Cannot use "decant.yaml": "A b" is no pattern; wanted a name with * in it, such as gcr.io/distroless/*',
  ],
  ["a list", "- a", 'CONFIG_FILE decant.yaml:1:1 Cannot use "decant.yaml": the project file is no mapping; wanted keys and values'],
  ["text for images", "images: a", 'CONFIG_FILE decant.yaml:1:9 Cannot use "decant.yaml": "images" is no mapping; wanted keys and values'],
  [
    "a bad name",
    "images:\n  Node:18: a",
    'CONFIG_FILE decant.yaml:2:3 Cannot use image name "Node:18": its repository has upper-case letters; wanted lower-case',
  ],
  [
    "a bad replacement",
    "images:\n  node:18: 'a b'",
    'CONFIG_FILE decant.yaml:2:12 Cannot use image name "a b": "a b" is no repository; wanted lower-case letters and digits, separated by ".", "_", "__", "-" and "/"',
  ],
  [
    "a number",
    "images:\n  node:18: 18",
    'CONFIG_FILE decant.yaml:2:12 Cannot use "decant.yaml": the replacement of "node:18" is no text; wanted an image name',
  ],
  [
    "one image twice",
    "images:\n  node:18: a\n  docker.io/library/node:18: b",
    'CONFIG_FILE decant.yaml:3:3 Cannot use "decant.yaml": "docker.io/library/node:18" is replaced twice',
  ],
  [
    "a bad recipe name",
    "images:\n  a: distroless:../x",
    'CONFIG_FILE decant.yaml:2:6 Cannot use "decant.yaml": "../x" is no recipe; wanted the name of one, or a .yaml file, with :VARIANT if wanted',
  ],
  [
    "a pattern that is none",
    "assemble: [gcr.io/distroless/*, 'A b']",
    'CONFIG_FILE decant.yaml:1:33 Cannot use "decant.yaml": an item of "assemble" is no pattern; wanted one such as gcr.io/distroless/*',
  ],
  [
    "an unknown setting of Debian",
    "debian: { miror: http://x }",
    'CONFIG_FILE decant.yaml:1:11 Cannot use "decant.yaml": "debian" has no key "miror"; wanted mirror, securityMirror, snapshot, keyring or acceptExpired',
  ],
  [
    "a snapshot that is no time",
    "debian: { snapshot: yesterday }",
    'CONFIG_FILE decant.yaml:1:21 Cannot use "decant.yaml": "snapshot" is no time; wanted one such as 20260601T000000Z',
  ],
  ["an OCI layout", "images:\n  a: oci-layout://x", "UNSUPPORTED decant.yaml:2:6 A replacement from oci-layout:// is not supported yet"],
  [
    "broken YAML",
    "images: [",
    'CONFIG_FILE decant.yaml:1:10 Cannot use "decant.yaml": Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
];
for (const [name, text, want] of BAD) {
  test(`parseProjectFile() refuses ${name} with its place`, async () => {
    await assert.rejects(parse(text), (error) => {
      assert.ok(isDecantError(error));
      const [source] = error.source;
      assert.equal(`${error.code} ${source === undefined ? "nowhere" : formatPosition(source)} ${error.message}`, want);
      return true;
    });
  });
}

test("findProjectFile() prefers the given file, then the context's, then the working directory's", async () => {
  await using context = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await using cwd = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  const where = { file: undefined, context: context.path, cwd: cwd.path };
  assert.equal(await findProjectFile(where), undefined);
  await writeFile(join(cwd.path, "decant.yaml"), "");
  assert.equal((await findProjectFile(where))?.path, join(cwd.path, "decant.yaml"));
  await writeFile(join(context.path, "decant.yaml"), "");
  assert.equal((await findProjectFile(where))?.path, join(context.path, "decant.yaml"));
  await writeFile(join(cwd.path, "other.yaml"), "");
  assert.equal((await findProjectFile({ ...where, file: "other.yaml" }))?.path, join(cwd.path, "other.yaml"));
  await assert.rejects(findProjectFile({ ...where, file: "none.yaml" }), { code: "NOT_FOUND" });
});

test("I3: reads the builders of a project, which are a text", async () => {
  const { builder } = await parseProjectFile("/p/decant.yaml", { name: "decant.yaml", text: "builder: docker://,unix:///run/b.sock\n" });
  assert.equal(builder, "docker://,unix:///run/b.sock");
  await assert.rejects(parseProjectFile("/p/decant.yaml", { name: "decant.yaml", text: "builder: [a]\n" }), /the "builder" is no text/);
});
