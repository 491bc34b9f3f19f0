import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { needlesOf } from "./needles.ts";

function forms(value: string): string[] {
  return needlesOf([{ id: "s", value: Buffer.from(value) }]).needles.map(({ form, bytes }) => `${form}: ${bytes.toString("latin1")}`);
}

const ROWS: readonly (readonly [name: string, value: string, want: readonly string[]])[] = [
  [
    "a word, without the line break at its end",
    "hunter2hunter2\n",
    [
      "its value: hunter2hunter2",
      "its value, in base64: aHVudGVyMmh1bnRlcj",
      "its value, in base64: h1bnRlcjJodW50ZXIy",
      "its value, in base64: odW50ZXIyaHVudGVyM",
      "its value, in hexadecimal: 68756e7465723268756e74657232",
      "its value, in hexadecimal: 68756E7465723268756E74657232",
    ],
  ],
  [
    "what URLs and JSON write otherwise",
    'p@ss/"word',
    [
      'its value: p@ss/"word',
      "its value, in base64: cEBzcy8id29yZ",
      "its value, in base64: BAc3MvIndvcm",
      "its value, in base64: wQHNzLyJ3b3Jk",
      "its value, in hexadecimal: 704073732f22776f7264",
      "its value, in hexadecimal: 704073732F22776F7264",
      "its value, in a URL: p%40ss%2F%22word",
      'its value, in JSON: p@ss/\\"word',
    ],
  ],
];
for (const [name, value, want] of ROWS) test(`needlesOf() looks for ${name}`, () => assert.deepEqual(forms(value), want));

test("needlesOf() looks for the parts of a file that look like credentials, and not for the others", () => {
  const parts = forms(
    "registry=https://registry.example.com/\n//registry.example.com/:_authToken=npm_a1b2c3d4e5f6g7h8\nuser = somebody-without-digits\n",
  )
    .filter((form) => form.startsWith("a part of it: "))
    .map((form) => form.slice("a part of it: ".length));
  assert.deepEqual(parts, ["npm_a1b2c3d4e5f6g7h8"]);
});

test("needlesOf() tells of values that are too short or too plain, and nothing of empty ones", () => {
  const secrets = ["1234567", "", " \n", "password", "1234567890"].map((value, index) => ({ id: `s${index}`, value: Buffer.from(value) }));
  assert.deepEqual(needlesOf(secrets), { needles: [], tooPlain: ["s0", "s3", "s4"] });
});

test("needlesOf() finds a value in the base64 of any text around it", () => {
  const text = fc
    .string({ minLength: 8, maxLength: 40 })
    .filter((value) => value.trim().length >= 8 && !/^(?:[a-z]+|[A-Z]+|\d+)$/.test(value.trim()));
  fc.assert(
    fc.property(fc.string(), text, fc.string(), (before, value, after) => {
      const encoded = Buffer.from(`${before}${value.trim()}${after}`).toString("base64");
      const { needles } = needlesOf([{ id: "s", value: Buffer.from(value) }]);
      assert.ok(needles.some(({ form, bytes }) => form.includes("base64") && encoded.includes(bytes.toString("latin1"))));
    }),
  );
});
