import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { urlFilename } from "./remote-source.ts";

describe("S91: urlFilename()", () => {
  // Each as BuildKit of Docker 28.5 names the file; broken escapes are an error there.
  const rows: readonly (readonly [url: string, want: string])[] = [
    ["http://h/dir/file.txt", "file.txt"],
    ["http://h/dir/", "dir"],
    ["http://h/", "__unnamed__"],
    ["http://h", "__unnamed__"],
    ["http://h/q?token=s3cret&v=1", "q"],
    ["http://h/a%20b", "a b"],
    ["http://h/a%2Fb.txt", "b.txt"],
    ["http://h/dir/x%20y%2f", "x y"],
    ["http://h/%2F", "__unnamed__"],
    ["http://h/..%2f..%2fetc%2fpasswd", "passwd"],
    ["http://h/a%2F..", "download"],
    ["http://h/a%2F.", "__unnamed__"],
    ["http://h/a%5Cb", "a\\b"],
    ["http://h/c%zz", "c%zz"],
  ];
  for (const [url, want] of rows) it(`R6: ${url} is "${want}"`, () => assert.equal(urlFilename(url), want));
});
