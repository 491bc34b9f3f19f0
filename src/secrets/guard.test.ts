import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { fc } from "../../test/support/property.ts";
import { createSecretGuard } from "./guard.ts";

const SECRET = "t0ken-of-Somebody";

function guard(): ReturnType<typeof createSecretGuard> {
  const made = createSecretGuard([]);
  made.learn('secret "s"', Buffer.from(`${SECRET}\n`));
  return made;
}

const TEXTS: readonly (readonly [name: string, text: string, form: string])[] = [
  ["as it is", `a ${SECRET} b`, "its value"],
  ["in base64", Buffer.from(`ab${SECRET}c`).toString("base64"), "its value, in base64"],
  ["in hexadecimal", Buffer.from(SECRET).toString("hex"), "its value, in hexadecimal"],
];
for (const [name, text, form] of TEXTS) {
  test(`H5: checkText() refuses a secret ${name}, without showing it`, () => {
    assert.throws(
      () => guard().checkText("the configuration", text),
      (error) =>
        isDecantError(error, "SECRET_IN_IMAGE") &&
        error.message === `Cannot write the image: the configuration holds secret "s" (${form})` &&
        !JSON.stringify([error.hint, error.details]).includes(SECRET),
    );
  });
}

test("H5: checkText() lets texts pass that have no secret, and all texts where none is known", () => {
  guard().checkText("the configuration", SECRET.slice(1));
  createSecretGuard([]).checkText("the configuration", SECRET);
});

test("H5: masked() gives JSON that can be read", () => {
  const quoted = createSecretGuard([]);
  quoted.learn("a", Buffer.from('pass"word\n2'));
  assert.deepEqual(JSON.parse(quoted.masked(JSON.stringify({ a: 'x pass"word\n2 y' }))), { a: "x *** y" });
});

test("H5: maskedStream() gives the same however its text is cut, and keeps nothing back at the end", () => {
  const piece = fc.constantFrom(SECRET, SECRET.slice(0, 5), SECRET.slice(3), "t", "\n", "text ");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(20), { maxLength: 12 }), (pieces, cuts) => {
      const text = pieces.join("");
      const stream = guard().maskedStream();
      const shown: Buffer[] = [];
      let from = 0;
      for (const cut of [...cuts, text.length]) {
        shown.push(stream.write(Buffer.from(text.slice(from, from + cut))));
        from += cut;
      }
      shown.push(stream.end());
      assert.equal(Buffer.concat(shown).toString(), text.replaceAll(SECRET, "***"));
    }),
  );
});

test("H5: maskedStream() shows at once what cannot be a secret", () => {
  const stream = guard().maskedStream();
  assert.equal(stream.write(Buffer.from("Password: t0ken")).toString(), "Password: ");
  assert.equal(stream.write(Buffer.from("s\n")).toString(), "t0kens\n");
});
