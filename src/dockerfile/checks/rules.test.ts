import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { planOf, PLATFORM } from "../../../test/support/plan.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { parseIgnore } from "../ignore.ts";
import type { PlanOptions } from "../plan/types.ts";
import { RULES } from "./rules.ts";
import { runChecks } from "./run-checks.ts";
import type { CheckOptions } from "./types.ts";

const IMAGE: ImageConfig = { ...PLATFORM, config: { Env: ["PATH=/usr/bin"] }, rootfs: { type: "layers", diff_ids: [] } };

/** Pages are what users read, and so what is tested. */
function pageOf(name: string) {
  const text = readFileSync(new URL(`../../../docs/checks/${name}.md`, import.meta.url), "utf8");
  const block = (heading: string): string | undefined => new RegExp(`^## ${heading}\n\n\`\`\`\\w+\n([^]*?)\n\`\`\``, "m").exec(text)?.[1];
  return { text, bad: block("Bad"), good: block("Good"), ignore: block("Ignore file of the examples") };
}

function check(text: string, options: Partial<CheckOptions & PlanOptions> = {}): string[] {
  const report = runChecks(planOf(text, { image: () => IMAGE, ...options }), options);
  return report.warnings.map(
    ({ code, message, lines }) => `${code} ${lines.first}${lines.last === lines.first ? "" : `-${lines.last}`} ${message}`,
  );
}

describe("docs/checks", () => {
  for (const { name } of RULES) {
    it(`${name} has a page whose bad example breaks the rule and whose good one does not`, () => {
      const { text, bad, good, ignore } = pageOf(name);
      assert.match(text, new RegExp(`^# ${name}\n`));
      const options = ignore === undefined ? {} : { ignore: parseIgnore(ignore) };
      assert.notDeepEqual(
        check(bad ?? "", options).filter((line) => line.startsWith(`${name} `)),
        [],
      );
      assert.deepEqual(
        check(good ?? "", options).filter((line) => line.startsWith(`${name} `)),
        [],
      );
    });
  }

  it("the list of pages names every rule", () => {
    const list = readFileSync(new URL("../../../docs/checks/README.md", import.meta.url), "utf8");
    assert.deepEqual(
      RULES.map(({ name }) => name).filter((name) => !list.includes(`[${name}](${name}.md)`)),
      [],
    );
  });
});
