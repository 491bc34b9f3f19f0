import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { formatPosition } from "../source.ts";
import { parseProjectFile } from "./project-file.ts";

const parse = (text: string): ReturnType<typeof parseProjectFile> => parseProjectFile("/decant.yaml", { name: "decant.yaml", text });

test("readAuditPolicy() reads severities, exceptions and limits", async () => {
  const { audit } = await parse(
    [
      "audit:",
      "  findings: { shell: error, documentation: off, headers: note }",
      "  allow:",
      "    - { id: setuid, path: /usr/bin/su, reason: needed }",
      "    - { path: /app/**, reason: plugins }",
      "  maxSize: 1.5MiB",
      "  user: 65532",
    ].join("\n"),
  );
  assert.deepEqual({ ...audit?.findings }, { shell: "error", documentation: "off", headers: "note" });
  assert.deepEqual(
    audit?.allow?.map(({ source: _source, ...rest }) => rest),
    [
      { id: "setuid", path: "/usr/bin/su", reason: "needed" },
      { path: "/app/**", reason: "plugins" },
    ],
  );
  assert.equal(audit?.maxSizeBytes, 1_572_864);
  assert.equal(audit?.user, "65532");
});

for (const [text, want] of [
  ["10", 10],
  ["80MB", 80_000_000],
  ["1 GiB", 1_073_741_824],
] as const)
  test(`readAuditPolicy() takes ${text} as a size`, async () =>
    assert.equal((await parse(`audit:\n  maxSize: ${text}`)).audit?.maxSizeBytes, want));

test("readAuditPolicy() takes an empty part as no policy", async () => assert.deepEqual((await parse("audit:\n")).audit, {}));

const BAD: readonly (readonly [name: string, text: string, want: string])[] = [
  ["an unknown key", "audit:\n  finding: {}", '2:3 "audit" has no key "finding"; wanted findings, allow, maxSize, user'],
  ["a list", "audit:\n  - shell", '2:3 "audit" is no mapping; wanted keys and values'],
  ["an unknown finding, with a suggestion", "audit:\n  findings: { shel: off }", '2:15 there is no finding "shel"; did you mean "shell"?'],
  ["an unknown finding", "audit:\n  findings: { nonsense: off }", '2:15 there is no finding "nonsense"; see docs/audit.md'],
  ["an unknown severity", "audit:\n  findings: { shell: fatal }", '2:22 "shell" has no severity; wanted error, warning, note or off'],
  ["no list of exceptions", "audit:\n  allow: shell", '2:10 "allow" is no list; wanted items that start with "-"'],
  [
    "an exception without a reason",
    "audit:\n  allow:\n    - id: shell",
    '3:7 an exception has no "reason"; wanted a sentence that says why it is right',
  ],
  ["an exception for everything", "audit:\n  allow:\n    - reason: x", "3:7 an exception for everything is none; wanted id, path or both"],
  ["an unknown key of an exception", "audit:\n  allow:\n    - { ids: x }", '3:9 an exception has no key "ids"; wanted id, path, reason'],
  [
    "an exception for an unknown finding",
    "audit:\n  allow:\n    - { id: x, reason: y }",
    '3:13 there is no finding "x"; see docs/audit.md',
  ],
  ["a number as reason", "audit:\n  allow:\n    - { id: shell, reason: 1 }", '3:28 "reason" of an exception is no text'],
  ["a size without sense", "audit:\n  maxSize: big", '2:12 "big" is no size; wanted e.g. 80MB or 1.5GiB'],
  ["a user without sense", "audit:\n  user: []", '2:9 "user" is no user; wanted a name or a number'],
];
for (const [name, text, want] of BAD)
  test(`readAuditPolicy() refuses ${name} with its place`, async () => {
    await assert.rejects(parse(text), (error) => {
      assert.ok(isDecantError(error, "CONFIG_FILE"));
      const [source] = error.source;
      const [, place = ""] = (source === undefined ? "" : formatPosition(source)).split("decant.yaml:");
      assert.equal(`${place} ${error.message.replace('Cannot use "decant.yaml": ', "")}`, want);
      return true;
    });
  });

test("readAuditPolicy() refuses a malformed pattern with its place", async () => {
  await assert.rejects(parse("audit:\n  allow:\n    - { path: 'a[', reason: x }"), (error) => {
    assert.ok(isDecantError(error, "CONFIG_FILE"));
    assert.match(error.message, /"a\[" is no pattern of paths/);
    assert.equal(error.source[0]?.start.line, 3);
    return true;
  });
});
