import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { fc } from "../test/support/property.ts";
import { formatExcerpt } from "./source.ts";
import { maskUrlSecrets, publicUrl, publicVariable, withoutUrlSecrets } from "./url-secrets.ts";

describe("X10: publicUrl()", () => {
  const rows: readonly (readonly [url: string, want: string])[] = [
    ["https://h/f", "https://h/f"],
    ["https://user:pw@h/f", "https://h/f"],
    ["https://token@h/f", "https://h/f"],
    ["https://me:p@ss@h/f", "https://h/f"],
    ["HTTPS://me:pw@h:8443/f#main:dir", "HTTPS://h:8443/f#main:dir"],
    ["ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git"],
    ["ssh://git:pw@h/b.git#v1", "ssh://git@h/b.git#v1"],
    ["git@github.com:a/b.git", "git@github.com:a/b.git"],
    ["https://h/f?token=s3cret", "https://h/f?token=xxxxx"],
    ["https://h/f?v=1.2.3&token=s3cret&raw=true", "https://h/f?v=1.2.3&token=xxxxx&raw=true"],
    ["https://h/f?access_token=a", "https://h/f?access_token=xxxxx"],
    ["https://h/f?X-Amz-Signature=0123456789abcdef&X-Amz-Date=20260101T000000Z", "https://h/f?X-Amz-Signature=xxxxx&X-Amz-Date=xxxxx"],
    ["https://h/f?sv=2024-01-01&sig=abc%3D", "https://h/f?sv=2024-01-01&sig=xxxxx"],
    ["https://h/f?0123456789abcdef", "https://h/f?xxxxx"],
    ["https://h/f?raw", "https://h/f?raw"],
    ["https://h/f?x=1", "https://h/f?x=1"],
    ["https://h/f?id=42&unknown=whatever", "https://h/f?id=42&unknown=xxxxx"],
    ["https://h/f?token=", "https://h/f?token="],
    ["https://h/x.git?ref=feature/long-name&subdir=a/b/c", "https://h/x.git?ref=feature/long-name&subdir=a/b/c"],
    ["https://$USER:${PW}@h/f?token=$TOKEN", "https://$USER:${PW}@h/f?token=$TOKEN"],
    ["/a/b?token=s3cret", "/a/b?token=s3cret"],
    ["user@host", "user@host"],
  ];
  for (const [url, want] of rows) it(url, () => assert.equal(publicUrl(url), want));
});

describe("X10: withoutUrlSecrets()", () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    ["ADD --chown=1 https://u:p@h/a?token=abcd https://h/b /x/", "ADD --chown=1 https://h/a?token=xxxxx https://h/b /x/"],
    ['ADD ["https://u:p@h/a", "/x"]', 'ADD ["https://h/a", "/x"]'],
    ["Cannot fetch 'https://u:p@h/a': no", "Cannot fetch 'https://h/a': no"],
    ["COPY user@host /x", "COPY user@host /x"],
  ];
  for (const [text, want] of rows) it(text, () => assert.equal(withoutUrlSecrets(text), want));
});

it("X10: maskUrlSecrets() keeps every column", () => {
  const line = "ADD https://me:hunter2@h/a?token=abcd&v=1 /x/ # https://h/b";
  const masked = maskUrlSecrets(line);
  assert.equal(masked, "ADD https://xxxxxxxxxx@h/a?token=xxxx&v=1 /x/ # https://h/b");
  assert.equal(masked.length, line.length);
});

it("X10: an excerpt shows the line without them, its mark in the right place", () => {
  const file = { name: "Dockerfile", text: "ADD https://me:hunter2@h/a /x/" };
  const range = { file, start: { line: 1, column: 28 }, end: { line: 1, column: 31 } };
  assert.equal(
    formatExcerpt(range),
    ["Dockerfile:1:28", "> 1 | ADD https://xxxxxxxxxx@h/a /x/", "    |                            ^^^"].join("\n"),
  );
});

describe("X10: publicVariable()", () => {
  const rows: readonly (readonly [name: string, value: string, want: string])[] = [
    ["http_proxy", "http://me:pw@proxy:3128", "http://proxy:3128"],
    ["HTTPS_PROXY", "me:pw@proxy:3128", "proxy:3128"],
    ["all_proxy", "socks5://proxy:3128", "socks5://proxy:3128"],
    ["NO_PROXY", "localhost,.corp,10.0.0.0/8", "localhost,.corp,10.0.0.0/8"],
    ["MAIL", "me@host", "me@host"],
  ];
  for (const [name, value, want] of rows) it(`${name}=${value}`, () => assert.equal(publicVariable(name, value), want));
});

test("H4: withoutUrlSecrets() finds the addresses that one expression would find", () => {
  const piece = fc.constantFrom("a", "http", "://", "u:p@h", ".", "-", "+", "_", " ", '"', "1", "é", ":", "/", "?token=x", "<", "S");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join("");
      assert.equal(
        withoutUrlSecrets(text),
        text.replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>]+/gi, (url) => publicUrl(url)),
      );
    }),
    { numRuns: 2000 },
  );
});

test("H4: withoutUrlSecrets() reads a megabyte of words and dots", () => {
  const text = "a.".repeat(500_000);
  assert.equal(withoutUrlSecrets(text), text);
});
