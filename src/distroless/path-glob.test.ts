import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../paths.ts";
import { pathGlobs } from "./path-glob.ts";

describe("pathGlobs()", () => {
  const rows: readonly { readonly glob: string; readonly matches: readonly string[]; readonly not: readonly string[] }[] = [
    { glob: "/usr/share/man/**", matches: ["/usr/share/man", "/usr/share/man/man1/a.1.gz"], not: ["/usr/share/manual", "/usr/share"] },
    { glob: "/usr/share/doc/*/*.gz", matches: ["/usr/share/doc/a/b.gz"], not: ["/usr/share/doc/b.gz", "/usr/share/doc/a/b/c.gz"] },
    { glob: "/usr/**/*.a", matches: ["/usr/x.a", "/usr/lib/x/y.a"], not: ["/opt/x.a", "/usr/xaa"] },
    { glob: "/lib?/(x)+.[1]", matches: ["/lib3/(x)+.[1]"], not: ["/lib/(x)+.[1]", "/lib3/xx.1"] },
    { glob: "/usr/share/ü*", matches: ["/usr/share/über"], not: ["/usr/share/u"] },
    { glob: "/a/**/**/b", matches: ["/a/b", "/a/x/y/b"], not: ["/a/bb"] },
    { glob: "/**", matches: ["/a", "/a/b\nc"], not: [] },
  ];
  for (const { glob, matches, not } of rows)
    it(`reads ${glob}`, () => {
      const test = pathGlobs([glob]);
      for (const path of matches) assert.equal(test(treePath(path)), true, path);
      for (const path of not) assert.equal(test(treePath(path)), false, path);
    });
  it("matches nothing without globs", () => {
    assert.equal(pathGlobs([])(treePath("/a")), false);
  });
});
