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

describe("U10: lists that are no JSON, comments behind arguments, special spaces", () => {
  const rows: readonly (readonly [line: string, want: string | undefined])[] = [
    [`CMD ['a', 'b']`, "CMD runs a shell, because its list is not JSON: it has single quotes"],
    ["CMD [“a”, “b”]", "CMD runs a shell, because its list is not JSON: it has typographic quotes"],
    [`ENTRYPOINT ["a", "b",]`, "ENTRYPOINT runs a shell, because its list is not JSON: it has a comma too many"],
    [`entrypoint ["a", "b"],`, "entrypoint runs a shell, because its list is not JSON: it has a comma too many"],
    [`RUN ["a" "b"]`, "RUN runs a shell, because its list is not JSON: a comma is missing"],
    [`CMD ["a", "b"`, 'CMD runs a shell, because its list is not JSON: it does not end with "]"'],
    [`CMD ["a"] # run`, "CMD runs a shell, because its list is not JSON: a comment follows it"],
    [`CMD [nginx, -g]`, "CMD runs a shell, because its list is not JSON: write"],
    [`HEALTHCHECK CMD ['a']`, "HEALTHCHECK runs a shell, because its list is not JSON: it has single quotes"],
    [`VOLUME ['/data']`, "VOLUME makes volumes of these names, because its list is not JSON: it has single quotes"],
    [`COPY ['a', '/b']`, "COPY looks for files of these names, because its list is not JSON: it has single quotes"],
    [`CMD ["a", "b"]`, undefined],
    [`RUN [ "$A" = b ]`, undefined],
    [`RUN [ -f /a ] && echo "x", y`, undefined],
    [`RUN [[ $A == b ]]`, undefined],
    ["COPY a /a # comment", 'COPY takes "#" and what follows it as more files to copy and their destination'],
    ["ADD a /a #", 'ADD takes "#" and what follows it as more files'],
    ["WORKDIR /a # comment", 'WORKDIR takes "#" and what follows it as part of the name'],
    ["USER app # comment", 'USER takes "#" and what follows it as part of the name'],
    ["VOLUME /a # comment", 'VOLUME takes "#" and what follows it as more volumes'],
    ["RUN true # comment", undefined],
    ["COPY a#b /c#d", undefined],
    [`COPY ["a", "#", "/b/"]`, undefined],
    ["RUN apk\u00a0add curl", 'The space after "apk" is a special one (U+00A0)'],
    ["COPY a\u3000/b /c", 'The space after "a" is a special one (U+3000)'],
    ["RUN echo \u200bx", 'The space after "" is a special one (U+200B)'],
    ["RUN echo 'a\u00a0b'", undefined],
    ["LABEL a=10\u00a0000", undefined],
  ];
  const names = ["BrokenJsonForm", "CommentAfterArguments", "NoBreakSpace"];
  for (const [line, want] of rows) {
    it(`${JSON.stringify(line)}: ${want ?? "nothing"}`, () => {
      const found = check(`FROM alpine\n${line}\n`, { purpose: "build" }).filter((warning) =>
        names.some((name) => warning.startsWith(name)),
      );
      if (want === undefined) assert.deepEqual(found, []);
      else assert.deepEqual([found.length, found[0]?.includes(` ${want}`)], [1, true], found.join("\n"));
    });
  }
});
