/** The same packages as apt takes, on recorded answers of apt for real suites (test/support/record-apt.ts). */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import * as v from "valibot";
import { indexOf } from "../../test/support/universe.ts";
import { toBinaryPackage } from "./binary-package.ts";
import { parseStanzas } from "./control.ts";
import { resolvePackages } from "./resolve.ts";

const TESTDATA = join(import.meta.dirname, "testdata");
const answersSchema = v.record(v.string(), v.array(v.string()));

/** apt takes the first alternative when it meets it, we wait whether another one is needed anyway. */
const ONLY_APT: Readonly<Record<string, readonly string[]>> = {
  "trixie gimp": ["fonts-dejavu-core", "fonts-dejavu-mono"],
};

for (const suite of ["bookworm", "trixie"]) {
  const answers = v.parse(answersSchema, JSON.parse(await readFile(join(TESTDATA, `apt-${suite}.json`), "utf8")));
  const text = gunzipSync(await readFile(join(TESTDATA, `apt-${suite}.Packages.gz`))).toString();
  const index = indexOf(parseStanzas(text, suite).map((stanza) => toBinaryPackage(stanza, { uri: "http://a", suite }, suite)));

  describe(`resolvePackages() on ${suite}`, () => {
    for (const [request, apt] of Object.entries(answers)) {
      it(`installs ${request} as apt does`, () => {
        const { packages } = resolvePackages(index, { names: request.split(" "), architecture: "amd64" });
        const ours = packages.map((one) => `${one.name} ${one.version}`).toSorted();
        const onlyApt = ONLY_APT[`${suite} ${request}`] ?? [];
        assert.deepEqual(ours, apt.filter((one) => !onlyApt.includes(one.split(" ")[0] ?? ""))); // prettier-ignore
        assert.ok(apt.length > 3);
      });
    }
  });
}
