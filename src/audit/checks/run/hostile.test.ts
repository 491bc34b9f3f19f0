/** Images made to hurt: whatever is in their files, an audit ends, with findings and without an error. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../../test/support/property.ts";
import { auditSubject, auditTree } from "../../../../test/support/audit-subject.ts";
import { type AuditTreeSpec, BASE, JAVA, library, NODE, program, PYTHON, run, TRIPLET } from "../../../../test/support/broken-images.ts";
import { zipFile } from "../../../../test/support/zip-file.ts";
import type { ContainerConfig } from "../../../oci/index.ts";
import { runAudit } from "../../run-audit.ts";

/** Some bytes of a file changed, and the end cut off. */
function scribbled(file: Uint8Array, changes: readonly (readonly [number, number])[], length: number): Buffer {
  const copy = Buffer.from(file.subarray(0, length));
  for (const [at, value] of changes) if (copy.byteLength > 0) copy[at % copy.byteLength] = value;
  return copy;
}

const cache = Buffer.concat([Buffer.from("glibc-ld.so.cache1.1"), Buffer.alloc(28), Buffer.alloc(240, "lib\0")]);
/** A file that an audit reads, and the image that it is in. */
const TARGETS: readonly (readonly [path: string, bytes: Buffer, tree: AuditTreeSpec, config: ContainerConfig])[] = [
  ["app/server", program({ needed: ["libx.so"], runpath: "$ORIGIN/lib" }), BASE, run("/app/server")],
  ["usr/lib64/ld-linux-x86-64.so.2", library("ld-linux-x86-64.so.2"), { ...BASE, "app/server": program() }, run("/app/server")],
  [
    `${TRIPLET}/libx.so`,
    library("libx.so", { versionDefinitions: ["X_1"] }),
    { ...BASE, "app/server": program({ needed: ["libx.so"] }) },
    run("/app/server"),
  ],
  ["etc/ld.so.cache", cache, { ...BASE, "app/server": program({ needed: ["lib"] }) }, run("/app/server")],
  ["etc/ld.so.conf", Buffer.from("include /etc/*.conf\n/usr/local/lib\n"), { ...BASE, "app/server": program() }, run("/app/server")],
  ["app/start", Buffer.from("#!/usr/bin/env -S sh -c x\n"), BASE, run("/app/start")],
  ["app/main.js", Buffer.from('import "a"; require("./b"); export * from "#c"; import("../d");'), NODE, run("node", "/app/main.js")],
  [
    "app/package.json",
    Buffer.from('{"name":"me","type":"module","main":"x","exports":{"./*":["./a/*",{"import":null}]},"imports":{"#*":"#*"}}'),
    { ...NODE, "app/main.js": 'file 644 0:0 import "#a/b"; import "me/x";' },
    run("node", "/app/main.js"),
  ],
  ["app/main.py", Buffer.from("import a, b\nfrom c import d\n"), PYTHON, run("python3", "/app/main.py")],
  [
    "usr/lib/python3.11/site-packages/x.pth",
    Buffer.from("../../../..\n/proc\nimport x\n"),
    { ...PYTHON, "app/main.py": "file 644 0:0 import x" },
    run("python3", "/app/main.py"),
  ],
  [
    "app/app.jar",
    zipFile({ "META-INF/MANIFEST.MF": "Main-Class: a.B\nClass-Path: ../../x.jar", "a/B.class": "" }),
    JAVA,
    run("java", "-jar", "/app/app.jar"),
  ],
];

describe("an audit of a hostile image", () => {
  for (const [path, bytes, tree, config] of TARGETS) {
    it(`ends with /${path} scribbled over`, async () => {
      const changes = fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 8 });
      const length = fc.oneof(fc.constant(bytes.byteLength), fc.nat(bytes.byteLength));
      await fc.assert(
        fc.asyncProperty(changes, length, async (places, end) => {
          await runAudit(auditSubject(auditTree({ ...tree, [path]: scribbled(bytes, places, end) }), config));
        }),
        { numRuns: 60 },
      );
    });
  }

  const ENDLESS: readonly (readonly [name: string, tree: AuditTreeSpec, config: ContainerConfig, id: string])[] = [
    ["links that go round in circles", { ...BASE, "app/a": "link b", "app/b": "link a" }, run("/app/a"), "program-missing"],
    [
      "scripts that are each other's interpreter",
      { ...BASE, a: "file 755 0:0 #!/b\n", b: "file 755 0:0 #!/a\n" },
      run("/a"),
      "script-line",
    ],
    [
      "a search path of 60000 bytes",
      { ...BASE, app: program({ needed: ["libx.so"], runpath: "$ORIGIN/x:".repeat(6000) }) },
      run("/app"),
      "elf-missing-library",
    ],
    [
      "ld.so.conf that includes itself",
      { ...BASE, "etc/ld.so.conf": "file 644 0:0 include *.conf", app: program({ needed: ["libx.so"] }) },
      run("/app"),
      "elf-missing-library",
    ],
    [
      "modules that import each other, and imports that lead to themselves",
      {
        ...NODE,
        "app/package.json": 'file 644 0:0 {"imports":{"#a":"#b","#b":"#a"}}',
        "app/a.js": 'file 644 0:0 require("./b"); require("#a");',
        "app/b.js": 'file 644 0:0 require("./a");',
      },
      run("node", "/app/a"),
      "node-module-missing",
    ],
    [
      "a prototype in a package.json",
      {
        ...NODE,
        "app/package.json": 'file 644 0:0 {"__proto__":{"type":"module"},"exports":{"__proto__":"./x"}}',
        "app/a.js": 'file 644 0:0 require("constructor")',
      },
      run("node", "/app/a.js"),
      "node-module-missing",
    ],
  ];
  for (const [name, tree, config, id] of ENDLESS) {
    it(`ends with ${name}`, async () => {
      const { findings } = await runAudit(auditSubject(auditTree(tree), config));
      assert.ok(
        findings.some((finding) => finding.id === id),
        JSON.stringify(findings.map((finding) => finding.id)),
      );
    });
  }
});
