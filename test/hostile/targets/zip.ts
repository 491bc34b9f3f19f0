/** Zip and jar files, and what a list of packages takes of them. */
import { jarPackages } from "../../../src/sbom/jar.ts";
import { treePath } from "../../../src/paths.ts";
import { readZip, zipBytes } from "../../../src/tree/index.ts";
import { zipFile } from "../../support/zip-file.ts";
import { holds } from "../make.ts";
import type { Target } from "../types.ts";

type Member = readonly [name: string, content: string | Buffer];

const MANIFEST = "Manifest-Version: 1.0\nImplementation-Title: a\nImplementation-Version: 1\nBundle-SymbolicName: b;x=y\n continued\n\n";
const PROPERTIES = "groupId=g\nartifactId=a\nversion=1\\\n .2\n\\u0041=\\u00zz\n#x\n";
const INNER = zipFile({ "META-INF/MANIFEST.MF": MANIFEST });
const MEMBERS: readonly [Member, ...Member[]] = [
  ["META-INF/MANIFEST.MF", MANIFEST],
  ["META-INF/maven/g/a/pom.properties", PROPERTIES],
  ["META-INF/maven/g/b/pom.properties", `${PROPERTIES}${PROPERTIES}`],
  ["lib/inner.jar", INNER],
  ["BOOT-INF/lib/inner-1.2.jar", zipFile({ "x.jar": INNER, "y.jar": INNER })],
  ["__proto__", "x"],
  ["../../etc/passwd", "x"],
  ["big", Buffer.alloc(300_000)],
  ["", ""],
];

export const ZIP: Target = {
  name: "zip",
  generate: (random) => zipFile(Object.fromEntries(Array.from({ length: random.below(5) }, () => random.pick(MEMBERS)))),
  async check(input) {
    const zip = await readZip(zipBytes(input));
    for (const member of zip?.members.values() ?? []) {
      const bytes = await member.read(100_000);
      holds((bytes?.byteLength ?? 0) <= 100_000, "no more of a member comes than may");
    }
    await jarPackages(zipBytes(input), treePath("app/a.jar"));
  },
};
